package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	// 実行引数に応じて処理を分岐
	// コンテナを起動する "run" と、隔離空間内で実行される "child"
	switch os.Args[1] {
	case "run":
		run()
	case "child":
		child()
	default:
		panic("invalid command")
	}
}

func run() {
	fmt.Printf("Running %v as PID %d\n", os.Args[2:], os.Getpid())

	// 自分自身を "child" 引数で再実行する
	// その際、Cloneflags を設定して新しい名前空間を作成する
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	// 名前空間の分離設定
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | // ホスト名の分離
			syscall.CLONE_NEWPID | // プロセスIDの分離
			syscall.CLONE_NEWNS | // マウントポイントの分離
			syscall.CLONE_NEWNET, // ネットワークの分離
	}

	if err := cmd.Run(); err != nil {
		fmt.Printf("Error running child: %v\n", err)
		os.Exit(1)
	}
}

func child() {
	fmt.Printf("Running child %v as PID %d\n", os.Args[2:], os.Getpid())

	// 1. ルートファイルシステムの変更 (chroot)
	if err := syscall.Chroot("rootfs"); err != nil {
		panic(err)
	}
	if err := os.Chdir("/"); err != nil {
		panic(err)
	}

	// 2. /proc のマウント
	// これにより、コンテナ内のプロセスだけが見えるようになる
	if err := syscall.Mount("proc", "proc", "proc", 0, ""); err != nil {
		fmt.Printf("Error mounting proc: %v\n", err)
	}

	// 3. 指定されたコマンドの実行 (現在のプロセスを置き換える)
	// chroot 後なので、パスは "/" から始まる rootfs 内のパスとして扱う必要があります。
	command := os.Args[2]
	if err := syscall.Exec(command, os.Args[2:], os.Environ()); err != nil {
		fmt.Printf("Error executing %s: %v\n", command, err)
		os.Exit(1)
	}
}
