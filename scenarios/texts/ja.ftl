# カタログの日本語の文章。id と変数は en.ftl と同じでなければならない（テストが確かめる）。

# コンテナを手で起動し、ホストから見た PID を $P に入れる。
-held = sudo ./mycontainer run /bin/sleep 31337 &
    P=$(pgrep -f '^/bin/sleep 31337')

## ワークショップのステップ

step-1 = Step 1  ルートファイルシステム (rootfs)
step-2 = Step 2  名前空間 (Namespaces) による隔離
step-2-1 = Step 2-1  PID 名前空間の隔離
step-2-2 = Step 2-2  Mount 名前空間とルートの変更
step-2-3 = Step 2-3  Network 名前空間の隔離
step-3 = Step 3  リソース制限 (cgroup v2)
step-3-1 = Step 3-1  ランタイムが設定する制限
step-3-2 = Step 3-2  コンテナプロセスへの適用と検証
step-4 = Step 4  veth によるネットワーク接続
step-5 = Step 5  プログラムとしてのランタイム
step-5-1 = Step 5-1  Go プログラムの作成
step-5-2 = Step 5-2  実行と動作確認
step-6 = 次のステップ
step-6-1 = 次のステップ  Capability の制限
step-6-2 = 次のステップ  OverlayFS の導入
step-6-3 = 次のステップ  OCI ランタイム仕様
step-6-4 = 次のステップ  ブリッジ

## 起きたこと

message-check-passed = 期待どおり: { $observed }
message-check-failed = 期待は { $expected }、実際は { $observed }
message-no-controller = このマシンの cgroup v2 には { $controller } コントローラーがないため、ここでは調べられませんでした。
message-no-swap = このマシンにはスワップがなく、スワップ制限の漏れが現れないため、ここでは調べられませんでした。
message-no-packet-filter = このマシンには、ランタイムがマスカレードに使う nft も iptables もありません。どちらかがあれば試験されます。仮想マシンには、ディストリビューションのユーザーランドを必要とするプログラムのときだけ iptables があります。`--backend local` ではそのマシンにあるものが使われます (apt-get install nftables)。
message-not-offered = ランタイムが「{ $option }」オプションを持つとは boxproof.toml の [offers] に書かれていません。
message-policy-declared =
    { $policy ->
        [init] PID 1 はランタイム自身の init です
        [inherits-descriptors] コマンドは呼び出し元の開いた記述子を引き継ぎます
        [rootless] root 権限は不要です
        [outlives-runtime] ランタイムが強制終了されてもコンテナは生き続けます
        [keeps-signals] ランタイムへのシグナルはコマンドに渡されません
        [own-statuses] 実行できないコマンドの終了ステータスはランタイム独自のものです
        [needs-image-programs] イメージのプログラムが必要です
       *[other] 設計上このようになっています
    } (設計上のものとして { $by ->
        [adapter] アダプターで決まっています
       *[manifest] boxproof.toml の [policy] { $policy } で宣言されています
    })。採点はせず、得点にもなりません。
message-harness-error = boxproof 側の処理に失敗しました: { $error }
message-not-reached = このシナリオの前のチェックが不合格だったため、ここまで進めませんでした。
message-check-lost = 予定していたチェックが行われませんでした。boxproof の不具合です。報告をお願いします。
message-not-examined = これを調べる前に試験が終わりました。
message-container-silent = コンテナから応答がありませんでした。
message-container-refuses = コンテナは頼まれたことを実行できませんでした: { $observed }
message-container-gone = コンテナがなくなっていました: { $observed }
message-runtime-not-executable = カーネルがランタイムを実行できませんでした: { $observed }
message-payload-outside-rootfs = コマンドが rootfs/ の外で動きました。
message-not-the-probe = 頼んだものとは別のプログラムが動きました。
message-rootfs-stays-mounted = コンテナが終わっても rootfs/ がマウントポイントのままです: { $observed }
message-runtime-hangs = ランタイムが終わりません: { $observed }
message-runtime-floods = ランタイムが際限なく出力し、コマンドを起動しませんでした。
message-too-many-processes = ランタイムがプロセスを際限なく作っています: { $observed }
message-command-not-started = コマンドは起動されませんでした: { $observed }
message-runtime-outlives-container = コンテナは終わったのに、ランタイムがまだ動いています。

lack-no-controller = このマシンの cgroup v2 では { $controller } コントローラーが使えないため、それを使うシナリオは調べていません。仮想マシンで試験するか (--backend vm)、systemd.unified_cgroup_hierarchy=1 を付けて起動してください。
lack-no-swap = このマシンにはスワップがないため、スワップのシナリオは調べていません。仮想マシンで試験してください (--backend vm)。

## Step 1

scenario-missing-rootfs-refused = rootfs/ がなければ実行を断る
    .what = rootfs/ を取り除いてコマンドを起動します。ランタイムはエラーで終わらなければならず、コマンドがどこかで（特にホスト上で）動いてはいけません。
    .why = chroot の結果を確かめないのは典型的な間違いです。chroot が失敗してもプログラムが先へ進み、「コンテナ」がホストのファイルの上で root として動いてしまいます。
    .hand =
        mv rootfs rootfs.away
        sudo ./mycontainer run /bin/ls /; echo "status $?"
        mv rootfs.away rootfs
    .man = chroot(2), pivot_root(2) のマニュアル
check-missing-rootfs-refused-nothing-started = rootfs なしではコマンドが動かない
check-missing-rootfs-refused-status = 終了ステータスが 0 ではない

scenario-rootfs-path-odd = ディレクトリの名前は何でもよい
    .what = 作業ディレクトリの名前に空白、コンマ、コロンを入れます。ランタイムはいつもどおりそこで呼ばれ、コンテナのルートはその中の rootfs/ でなければなりません。
    .why = 空白はシェルで単語の区切りになり、コンマとコロンはマウントオプションで意味を持ちます。引用符なしでどちらかを通ったパスは、ホームディレクトリが「My Documents」という名前の人のところで動かなくなります。
    .hand =
        mkdir -p '/tmp/my work,dir:1' && sudo cp -a rootfs '/tmp/my work,dir:1/'
        cp mycontainer '/tmp/my work,dir:1/' && cd '/tmp/my work,dir:1'
        sudo ./mycontainer run /bin/ls /
    .man = mount(8) (FILESYSTEM-INDEPENDENT MOUNT OPTIONS), getcwd(3) のマニュアル
check-rootfs-path-odd-root-directory = ルートディレクトリがそこの rootfs/ である

## Step 2-1

scenario-pid-one = コンテナの最初のプロセスが PID 1 である
    .what = コンテナは自分の PID 名前空間を持ち、その中で最初のプロセスの番号は 1 です。孤児プロセスを回収する init を PID 1 に置くランタイムも正解です。
    .why = PID 1 は特別です。孤児になったプロセスの親になり、PID 1 が終わるとカーネルがコンテナ全体を終わらせます。PID 名前空間がなければ、ホストのすべてのプロセスが見え、kill もできてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/pid /proc/$P/ns/pid    # 異なるはず
        grep NSpid /proc/$P/status                         # 最後の数字が 1 のはず
    .man = pid_namespaces(7), clone(2), unshare(1) のマニュアル
check-pid-one-own-pid-namespace = PID 名前空間がホストのものではない
check-pid-one-is-pid-one = 最初のプロセスから見た自分の PID が 1 である

## Step 2-2

scenario-rootfs-is-root = rootfs/ がコンテナの / になっている
    .what = コマンドのルートディレクトリは rootfs/ で、カレントディレクトリもその中にあり、ホストのファイルにはパスでたどり着けません。
    .why = ホストのルートが見えれば、ホストの秘密が読め、プログラムも書き換えられます。カレントディレクトリが外に残っていると `cd ..` で外へ出られます。
    .hand =
        { -held }
        sudo ls -di /proc/$P/root/ rootfs/                 # inode 番号が同じはず
        sudo readlink /proc/$P/cwd                         # rootfs/ の中のはず
        sudo ls /proc/$P/root/
    .man = chroot(2), chdir(2), pivot_root(2), proc_pid_root(5), proc_pid_cwd(5) のマニュアル
check-rootfs-is-root-root-directory = ルートディレクトリが rootfs/ である
check-rootfs-is-root-working-directory = カレントディレクトリが rootfs/ の中にある
check-rootfs-is-root-host-files-hidden = ホストのファイルが見えない

scenario-old-root-detached = Mount 名前空間からホストのファイルが消えている
    .what = ルートディレクトリが変わっただけでなく、コンテナの Mount 名前空間のどのパスからもホストのファイルにたどり着けません。
    .why = chroot はプロセスがパスをたどり始める場所を変えるだけです。中の root は mkdir、chroot、`cd ..` で外へ出られます。pivot_root して古いルートを切り離せば、その道は完全に閉じます。
    .hand =
        { -held }
        sudo nsenter --target $P --mount ls /              # ホストではなく rootfs/ の中身のはず
    .man = pivot_root(2), mount_namespaces(7), umount2(2) のマニュアル
check-old-root-detached-namespace-without-host-files = コンテナの Mount 名前空間にホストのファイルがない

scenario-submounts-carried = rootfs/ の下にマウントしたものがコンテナの中にある
    .what = 起動の前に、コンテナにボリュームを渡すときのように、rootfs/ のディレクトリにファイルシステムをマウントします。その中のファイルがコンテナから見え、終了後もホストにマウントされたままでなければなりません。
    .why = MS_REC のない bind マウントはディレクトリだけを写し、その下のマウントを置き去りにします。コンテナには空のディレクトリが見え、そこに書いたデータは誰も探さない場所に残ります。
    .hand =
        sudo mkdir rootfs/volume && sudo mount -t tmpfs none rootfs/volume && sudo touch rootfs/volume/file
        sudo ./mycontainer run /bin/ls /volume             # file が見えるはず
        ls rootfs/volume                                   # まだあるはず
        sudo umount rootfs/volume
    .man = mount(2) (MS_BIND, MS_REC), mount_namespaces(7) のマニュアル
check-submounts-carried-seen-inside = コンテナからファイルが見える
check-submounts-carried-still-mounted = 終了後もホストにマウントされている

scenario-devices-usable = /dev にプログラムが必要とするデバイスがある
    .what = null、zero、full、random、urandom が正しい番号のキャラクターデバイスで、/dev/null に書いたものは消えます。
    .why = /dev/null がただのファイルだと、捨てるはずのものを溜め込んで大きくなります。urandom がないと起動しないプログラムも多くあります。
    .hand =
        sudo ./mycontainer run /bin/ls -l /dev/            # crw-rw-rw- ... 1, 3 ... null
    .man = null(4), full(4), random(4), mknod(2) のマニュアル
check-devices-usable-device-numbers = デバイス番号が正しい
check-devices-usable-null-swallows = /dev/null に書いたものは残らない

scenario-devices-for-everyone = 呼び出し側の umask によらず、/dev をコンテナの誰もが使える
    .what = ランタイムを umask 077 で起動します。それでもランタイムが作るデバイスは 0666 で、ディレクトリには誰でも入れなければなりません。
    .why = mknod(2) と mkdir(2) は、指定したモードから umask を引きます。root しか書けない /dev/null は、root 以外で動くすべてのプログラムを壊します。しかも umask の厳しいマシンだけで起こります。
    .hand =
        sudo sh -c 'umask 077; ./mycontainer run /bin/ls -l /dev'    # crw-rw-rw- のはず
    .man = umask(2), mknod(2) のマニュアル
check-devices-for-everyone-modes = /dev に一般ユーザーが使えないものがない

scenario-dev-is-own = ホストのデバイスがコンテナにない
    .what = ホストの /dev にあるデバイスが、コンテナの /dev に現れません。
    .why = ホストの /dev にはディスクがあります。そのひとつに `dd` すれば、名前空間がどうであれ、マシンのすべてのファイルを読み書きできます。
    .hand =
        sudo ./mycontainer run /bin/ls /dev                # sda、vda、nvme0n1 などがないはず
    .man = mknod(2) のマニュアル, https://docs.kernel.org/admin-guide/devices.html
check-dev-is-own-host-device-hidden = ホストのデバイスが見えない

scenario-terminals-work = 端末が誰にでも開け、コンテナ自身のものである
    .what = コンテナに /dev/pts か /dev/ptmx があるなら、そこで新しい端末を開け、/dev/ptmx は 0666 で、端末はホストのものではありません。
    .why = ssh、tmux、script、sudo は端末を開きます。ptmxmode=0666 のない devpts は一般ユーザーを拒み、/dev/ptmx のリンクがなければ誰も見つけられません。ホストの /dev/pts が見えれば、コンテナからみんなの画面に書き込めます。
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root ls -l /dev/ptmx /dev/pts     # ptmx は crw-rw-rw- のはず
        sudo grep devpts /proc/$P/mountinfo                # ptmxmode=666 があるはず
    .man = pts(4), pty(7) のマニュアル, https://docs.kernel.org/filesystems/devpts.html
check-terminals-work-opens = 端末を開ける
check-terminals-work-for-everyone = 誰でも開ける
check-terminals-work-not-the-hosts = 端末がホストのものではない

scenario-tmpfs-bounded = tmpfs でマシンのメモリを埋められない
    .what = コンテナの書き込める tmpfs (/dev、/dev/shm など) はどれも、既定の大きさ (マシンのメモリの半分) より小さい上限を持ちます。
    .why = tmpfs に書いたものはメモリに載ります。メモリの制限がなければ `cat /dev/zero > /dev/shm/x` でマシンの半分、もうひとつの tmpfs で残りの半分が埋まります。
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root df -h /dev /dev/shm
        sudo grep tmpfs /proc/$P/mountinfo                 # size=... があるはず
    .man = tmpfs(5) のマニュアル, https://docs.kernel.org/filesystems/tmpfs.html
check-tmpfs-bounded-every-tmpfs-has-a-size = どの tmpfs にも上限がある
scenario-image-without-programs = ランタイムがイメージの中のプログラムに頼らない
    .what = コマンドのほかにプログラムもライブラリもないイメージでも、コンテナの準備は同じように済みます。lo も /proc も、元のイメージのときと変わりません。
    .why = 静的リンクのプログラムひとつだけのイメージもあります。イメージの `ip` や `mount` を呼ぶランタイムは、alpine では動いてもここでは失敗し、警告だけで先へ進むこともよくあります。しかも、その `ip` が root として何をするかはイメージを作った人しだいです。
    .hand =
        sudo mkdir away; sudo mv rootfs/bin rootfs/sbin rootfs/usr rootfs/lib away/
        sudo cp a-static-program rootfs/
        sudo ./mycontainer run /a-static-program
        sudo mv away/* rootfs/
    .man = netdevice(7), mount(2) のマニュアル
check-image-without-programs-loopback-as-before = lo が元のイメージのときと同じ
check-image-without-programs-proc-as-before = /proc が元のイメージのときと同じ

scenario-sysfs-read-only = sysfs に書き込めない
    .what = コンテナに /sys をマウントするなら、読み取り専用でなければなりません。
    .why = /sys はマシンそのものです。ここに書けるコンテナは、ホストのデバイスやカーネルの設定を変えられます。
    .hand =
        { -held }
        sudo nsenter --target $P --mount --root cat /proc/mounts | grep sysfs      # 何も出ないか、ro のはず
    .man = sysfs(5), mount(2) のマニュアル
check-sysfs-read-only-no-writable-sysfs = 書き込める sysfs がマウントされていない

scenario-mount-namespace = コンテナが自分の Mount 名前空間を持つ
    .what = コンテナの中のマウントやアンマウントは、ホストではなくコンテナ自身のマウント一覧だけを変えます。
    .why = ホストの Mount 名前空間のままだと、コンテナのマウントがすべてホストに残り、コンテナの umount でホストのファイルシステムが外れてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/mnt /proc/$P/ns/mnt    # 異なるはず
    .man = mount_namespaces(7), clone(2) のマニュアル
check-mount-namespace-own-mount-namespace = Mount 名前空間がホストのものではない

scenario-proc-isolated = ps で見えるのはコンテナの中だけである
    .what = /proc に procfs がマウントされ、それがコンテナ自身の PID 名前空間のもので、ホストのプロセスは現れません。
    .why = ps は /proc を読みます。ホストの /proc が見えると、マシン上のすべてのプロセスのコマンドライン、環境変数、開いているファイルが見えてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/$P/ns/pid /proc/$P/root/proc/1/ns/pid    # 同じはず
        sudo ./mycontainer run /bin/ps
    .man = proc(5), pid_namespaces(7), mount(8) のマニュアル
check-proc-isolated-proc-mounted = /proc に procfs がマウントされている
check-proc-isolated-proc-of-own-namespace = それがコンテナ自身の PID 名前空間のものである
check-proc-isolated-host-process-hidden = ホストのプロセスが現れない

scenario-proc-mount-options = /proc が nosuid、nodev、noexec でマウントされている
    .what = どのディストリビューションも /proc をこの 3 つのオプションでマウントします。コンテナでも同じようにします。
    .why = /proc の中にはデバイスも実行すべきプログラムもありません。フラグを付けるだけで、扉がひとつ閉まります。
    .hand =
        { -held }
        sudo grep ' /proc ' /proc/$P/mountinfo             # nosuid,nodev,noexec があるはず
    .man = mount(2), proc(5) のマニュアル
check-proc-mount-options-nosuid-nodev-noexec = 3 つのオプションが付いている

scenario-mount-failure-stops = マウントに失敗したら実行をやめる
    .what = rootfs/proc を自分自身へのリンクに置き換え、/proc をマウントできなくします。ランタイムはエラーで終わらなければならず、/proc のないままコマンドを起動してはいけません。
    .why = mount(2) の失敗は戻り値でしか分かりません。それを見ないと、隔離の一部が黙って欠けたコンテナを渡すことになります。
    .hand =
        mv rootfs/proc rootfs/proc.away && ln -s proc rootfs/proc
        sudo ./mycontainer run /bin/echo started; echo "status $?"    # "started" ではなくエラーのはず
        rm rootfs/proc && mv rootfs/proc.away rootfs/proc
    .man = mount(2) (RETURN VALUE, ELOOP) のマニュアル
check-mount-failure-stops-nothing-started = /proc なしではコマンドが起動しない
check-mount-failure-stops-status = 終了ステータスが 0 ではない

scenario-image-links-stay-inside = イメージの中のリンクがマウントを外へ導かない
    .what = rootfs/proc を、rootfs の中にもホストにもあるディレクトリへのリンクに置き換えます。/proc はリンクをコンテナの中でたどった先にマウントされるか、ランタイムが断らなければなりません。
    .why = ルートを変える前にたどると、イメージの中のリンクはホストで解決されます。マウントはホストのディレクトリに載り、コンテナからは欠けます。場所を決めるのはイメージを作った人です。runc の CVE-2019-19921 と CVE-2023-27561 も、リンクになった /proc の問題でした。
    .hand =
        mkdir rootfs/elsewhere; sudo mkdir /elsewhere
        mv rootfs/proc rootfs/proc.away && ln -s /elsewhere rootfs/proc
        sudo ./mycontainer run /bin/ls /proc/              # プロセスの一覧か、エラーのはず
        rm rootfs/proc && mv rootfs/proc.away rootfs/proc
    .man = path_resolution(7), openat2(2) (RESOLVE_IN_ROOT), pivot_root(2) のマニュアル
check-image-links-stay-inside-mount-lands-inside = マウントが中に載るか、断られる

scenario-proc-masked = /proc の中のマシン全体のものを開けない
    .what = コンテナの中で /proc/kcore、/proc/keys、/proc/timer_list を読めず、/proc/sysrq-trigger に書けません。
    .why = これらのファイルは PID 名前空間と関係がありません。kcore はマシン全体のメモリで、sysrq-trigger は再起動もできます。Docker や runc は /dev/null で覆うか、読み取り専用にしています。
    .hand =
        { -held }
        sudo grep ' /proc/' /proc/$P/mountinfo             # kcore、keys、timer_list、sysrq-trigger があるはず
        sudo nsenter --target $P --mount --root head -c 1 /proc/timer_list      # 何も出ないはず
    .man = proc(5), proc_kcore(5) のマニュアル, https://docs.kernel.org/admin-guide/sysrq.html
check-proc-masked-nothing-exposed = そのようなものをひとつも開けない

scenario-proc-sys-read-only = /proc/sys でマシンの設定を変えられない
    .what = コンテナの中で /proc/sys の core_pattern、modprobe、drop_caches を書き込み用に開けません。
    .why = /proc/sys の多くは名前空間ではなくマシンのものです。core_pattern に書ければ、次にどこかのプログラムが落ちたとき、ホストが root で実行するプログラムを指定できます。
    .hand =
        sudo ./mycontainer run /bin/sh -c ': >> /proc/sys/kernel/core_pattern'   # Read-only file system のはず
    .man = proc_sys(5), core(5), mount(2) (MS_REMOUNT, MS_BIND, MS_RDONLY) のマニュアル
check-proc-sys-read-only-no-writable-setting = マシンの設定を書き込み用に開けない
scenario-volume-option = ボリュームがホストのディレクトリそのものである
    .what = ランタイムのボリュームのオプションを付けると、ホストのディレクトリがコンテナの中に現れます。コンテナが書いたものはホストにあり、ディレクトリのモードは変わらず、コンテナが終わってもデータは残っています。
    .why = コンテナは消えてもデータは残る、そのためのボリュームです。コピーでは変更が失われ、マウントのことを忘れた後始末はデータそのものを消してしまいます。
    .hand =
        mkdir -p /tmp/data rootfs/data; echo hello > /tmp/data/file
        sudo ./mycontainer run --volume /tmp/data:/data /bin/sh -c 'cat /data/file; echo back > /data/other'
        ls /tmp/data                                       # file と other
    .man = mount(2) (MS_BIND), mount(8) のマニュアル
check-volume-option-file-is-there = コンテナからファイルが読める
check-volume-option-change-goes-back = コンテナが書いたものがホストにある
check-volume-option-mode-kept = ディレクトリのモードが変わらない
check-volume-option-data-kept = コンテナが終わってもデータが残っている

scenario-volume-read-only = 読み取り専用のボリュームには書けない
    .what = :ro を付けると、コンテナはファイルを読めますが、書こうとすると EROFS になり、ファイルは元のままです。
    .why = MS_BIND | MS_RDONLY を 1 回で渡すと、正しく見えてエラーも出ませんが、書き込めてしまいます。新しい bind マウントはほかのフラグを受け取りません。
    .hand =
        { -held }                                          # オプション --volume /tmp/data:/data:ro を付けて
        grep ' /data ' /proc/$P/mountinfo                  # ro のはず
    .man = mount(2) (MS_BIND, MS_REMOUNT), mount_setattr(2) のマニュアル
check-volume-read-only-file-is-there = コンテナからファイルが読める
check-volume-read-only-write-refused = 書き込みが断られる

scenario-volume-submounts = ボリュームの下のマウントも一緒に見える
    .what = ホストのディレクトリの下に別のファイルシステムがマウントされています。コンテナからはその中のファイルも見えます。
    .why = MS_REC がないと、その下に隠れていた空のディレクトリが見えます。専用のディスクに置いたデータベースが消えたように見えてしまいます。
    .hand =
        sudo mkdir -p /tmp/data/below; sudo mount -t tmpfs tmpfs /tmp/data/below; sudo touch /tmp/data/below/file
        sudo ./mycontainer run --volume /tmp/data:/data /bin/ls /data/below       # file のはず
        sudo umount /tmp/data/below
    .man = mount(2) (MS_BIND, MS_REC) のマニュアル
check-volume-submounts-file-is-there = コンテナからファイルが読める
check-volume-submounts-submount-is-there = 下にマウントされたファイルシステムのファイルも読める

scenario-volume-stays-inside = イメージの中のリンクでボリュームが外に出ない
    .what = ボリュームの行き先が、イメージの中では /var/x へのシンボリックリンクになっています。ボリュームはイメージの /var/x に現れるか、ランタイムが断るかのどちらかです。ホストの /var/x のことではありません。
    .why = リンクを作るのはイメージを作った人です。ルートを変える前にたどるランタイムは、ホストのディレクトリの上にマウントします（runc の CVE-2021-30465 も同じ種類です）。
    .hand =
        sudo mkdir -p /var/x rootfs/var/x; sudo ln -s /var/x rootfs/data
        sudo ./mycontainer run --volume /tmp/data:/data /bin/ls /var/x   # /tmp/data のファイルのはず
    .man = openat2(2) (RESOLVE_IN_ROOT), path_resolution(7) のマニュアル
check-volume-stays-inside-plain-target = イメージの普通のディレクトリにはボリュームが現れる
check-volume-stays-inside-link-read-as-the-container-does = リンクがコンテナから見たとおりにたどられる

scenario-mounts-do-not-leak = コンテナのマウントがホストに現れない
    .what = ホストの / は systemd と同じく shared です。コンテナの実行中も終了後も、ホストのマウント一覧は元のままでなければなりません。
    .why = / が shared だと、新しい Mount 名前空間でのマウントもホストへ伝わります。実行するたびに rootfs/proc がひとつ増え、やがて `rm -r rootfs` もできなくなります。
    .hand =
        findmnt -o TARGET,PROPAGATION /                    # systemd の下では shared
        cp /proc/self/mountinfo before
        sudo ./mycontainer run /bin/true
        diff before /proc/self/mountinfo && echo "nothing left"
    .man = mount_namespaces(7) (SHARED SUBTREES), mount(2) (MS_PRIVATE) のマニュアル
check-mounts-do-not-leak-while-running = 実行中、ホストにマウントが現れない
check-mounts-do-not-leak-afterwards = 終了後、ホストにマウントが残らない

## Step 2、そのほかの名前空間

scenario-ipc-namespace = コンテナが自分の IPC 名前空間を持つ
    .what = ホストの System V メッセージキュー、セマフォ、共有メモリがコンテナから見えません。
    .why = ホストの IPC 名前空間のままだと、ほかのプログラムの共有メモリを読み書きできてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/ipc /proc/$P/ns/ipc    # 異なるはず
    .man = ipc_namespaces(7) のマニュアル
check-ipc-namespace-own-ipc-namespace = IPC 名前空間がホストのものではない

scenario-cgroup-namespace = コンテナが自分の cgroup 名前空間を持つ
    .what = コンテナの中の /proc/self/cgroup から、ホストのどこに置かれているかが分かりません。
    .why = cgroup 名前空間がないと、ホストの cgroup の名前が見え、中で cgroup をマウントすれば全体の木が見えてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/cgroup /proc/$P/ns/cgroup    # 異なるはず
    .man = cgroup_namespaces(7) のマニュアル
check-cgroup-namespace-own-cgroup-namespace = cgroup 名前空間がホストのものではない

## Step 2-3

scenario-lone-loopback = コンテナのネットワークには lo しかない
    .what = コンテナは自分の Network 名前空間を持ち、その中にあるのは新しい名前空間と同じく lo だけです。
    .why = ホストの Network 名前空間のままだと、ホストのすべてのインターフェースとアドレスが使え、ホストのポートで待ち受けもできてしまいます。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/net /proc/$P/ns/net    # 異なるはず
        sudo nsenter --target $P --net ip link             # lo だけのはず
    .man = network_namespaces(7), ip-link(8) のマニュアル
check-lone-loopback-own-network-namespace = Network 名前空間がホストのものではない
check-lone-loopback-only-lo = lo だけがある

scenario-loopback-up = lo が UP している
    .what = コンテナは 127.0.0.1 で自分自身と通信できます。
    .why = 新しい Network 名前空間の lo は DOWN しています。localhost と通信するプログラムは "Network is unreachable" になります。
    .hand =
        { -held }
        sudo nsenter --target $P --net ip link show lo     # <LOOPBACK,UP,LOWER_UP> のはず
    .man = network_namespaces(7), netdevice(7) のマニュアル
check-loopback-up-lo-is-up = lo が UP している
check-loopback-up-lo-answers = 127.0.0.1 に届く

scenario-sysfs-of-own-network = /sys にホストではなくコンテナのインターフェースが見える
    .what = コンテナに /sys があるなら、その /sys/class/net にホストのインターフェースは現れません。
    .why = sysfs は、マウントしたプロセスの Network 名前空間を見せます。ホストの sysfs を bind したコンテナには、ホストのすべてのインターフェース、アドレス、カウンタが見えてしまいます。
    .hand =
        ls /sys/class/net                                  # ホスト側
        sudo ./mycontainer run /bin/ls /sys/class/net      # lo だけのはず
    .man = sysfs(5), network_namespaces(7) のマニュアル
check-sysfs-of-own-network-host-interface-hidden = ホストのインターフェースが見えない

## Step 3

scenario-memory-oom-kill = { $memory_size } に達するとメモリを使うプロセスだけが Kill される
    .what = Step 3 のとおり、memory.max { $memory_limit }、memory.swap.max 0 のグループを作り、動いているコンテナをホスト側から入れます。memory.current が上限まで増え、カーネルがメモリを使うプロセスを Kill し、memory.events の oom_kill が 1 になり、残りは生き続け、あとでグループを削除できます。
    .why = コンテナがマシンのメモリを食い尽くすのを防ぐのは、この仕組みだけです。子プロセスは親のグループに生まれるので、コンテナがあとで起動するものすべてに効きます。
    .hand =
        echo +memory | sudo tee /sys/fs/cgroup/cgroup.subtree_control
        sudo mkdir /sys/fs/cgroup/workshop
        echo { $memory_limit } | sudo tee /sys/fs/cgroup/workshop/memory.max
        echo 0 | sudo tee /sys/fs/cgroup/workshop/memory.swap.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/workshop/cgroup.procs
        cat /proc/$P/cgroup                                # 0::/workshop
        cat /sys/fs/cgroup/workshop/memory.events          # メモリを使い切ったあと: oom_kill 1
        sudo kill $P; sudo rmdir /sys/fs/cgroup/workshop
    .man = cgroups(7) のマニュアル, https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-oom-kill-in-the-group = コンテナがグループに入っている
check-memory-oom-kill-limit-is-50-mb = memory.max が { $memory_limit } である
check-memory-oom-kill-no-swap = memory.swap.max が 0 である
check-memory-oom-kill-below-the-limit = 上限より下では何も Kill されない
check-memory-oom-kill-climbs-to-the-limit = memory.current が上限まで増え、超えない
check-memory-oom-kill-hog-killed = メモリを使うプロセスが SIGKILL で終わる (137)
check-memory-oom-kill-oom-kill-counted = memory.events が oom_kill 1 になる
check-memory-oom-kill-stays-in-the-group = コンテナがグループに留まっている
check-memory-oom-kill-rest-alive = コンテナの残りは生きている
check-memory-oom-kill-group-removable = あとでグループを削除できる

scenario-cpu-throttled = cpu.max でコンテナが遅くなる
    .what = cpu.max を "20000 100000" にすると、コンテナは CPU の 5 分の 1 だけを使い、残りの時間は止められます。
    .why = 制限がなければ、空回りするコンテナひとつが隣から CPU をまるごと奪います。
    .hand =
        sudo mkdir /sys/fs/cgroup/slow
        echo "20000 100000" | sudo tee /sys/fs/cgroup/slow/cpu.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/slow/cgroup.procs
        cat /sys/fs/cgroup/slow/cpu.stat                   # 空回りの間、nr_throttled が増える
    .man = cgroups(7) のマニュアル, https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
check-cpu-throttled-stays-in-the-group = コンテナがグループに留まっている
check-cpu-throttled-throttled = カーネルが実行を抑えた
check-cpu-throttled-share-kept = 割り当てを超えて使わなかった

scenario-pids-limited = fork 爆弾が pids.max で止まる
    .what = pids.max を設定すると、上限に達したところでコンテナの中の fork が失敗し、残りは生き続けます。
    .why = プロセス番号はマシン全体で分け合っています。制限のない fork 爆弾はホストも止めます。
    .hand =
        sudo mkdir /sys/fs/cgroup/few
        echo 10 | sudo tee /sys/fs/cgroup/few/pids.max
        { -held }
        echo $P | sudo tee /sys/fs/cgroup/few/cgroup.procs
        cat /sys/fs/cgroup/few/pids.events                 # fork が断られると max が増える
    .man = cgroups(7), fork(2) (EAGAIN) のマニュアル
check-pids-limited-stays-in-the-group = コンテナがグループに留まっている
check-pids-limited-fork-refused = 上限で fork が断られる
check-pids-limited-refusal-counted = pids.events に数えられる
check-pids-limited-rest-alive = コンテナは生きている

scenario-memory-option = メモリのオプションが効き、スワップにも逃げられない
    .what = ランタイムのメモリのオプションを付けると、コンテナ自身の cgroup の memory.max が指定どおり、memory.swap.max が 0 になり、超えたプロセスは Kill されます。
    .why = memory.max だけでは、カーネルは Kill せずにページをスワップへ逃がします。制限はあってないようなものです。memory.max を設定するランタイム 11 個のうち 10 個がスワップを忘れていました。
    .hand =
        { -held }                                           # オプションを付けて
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.max
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.swap.max   # 0
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-option-memory-max = memory.max が指定どおり
check-memory-option-swap-max = memory.swap.max が 0
check-memory-option-killed-at-the-limit = 制限に達したコンテナが Kill される

scenario-cpus-option = CPU のオプションが cpu.max になる
    .what = ランタイムの CPU のオプションを付けると、コンテナ自身の cgroup の cpu.max が周期ごとの指定の割合になります。
    .why = cpu.max はマイクロ秒の数を 2 つ取ります。百分率や小数は EINVAL で拒否され、それを見ていないと制限なしで動きます。
    .hand =
        { -held }                                           # オプションを付けて
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/cpu.max           # 0.5 なら 50000 100000
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
check-cpus-option-cpu-max = cpu.max が指定した割合

scenario-pids-option = プロセス数のオプションが fork 爆弾を止める
    .what = ランタイムのプロセス数のオプションを付けると、コンテナ自身の cgroup の pids.max が指定どおりになり、それを超える fork は失敗します。
    .why = プロセス番号はマシン全体で共有しています。
    .hand =
        { -held }                                           # オプションを付けて
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/pids.max
    .man = cgroups(7), fork(2) (EAGAIN)
check-pids-option-pids-max = pids.max が指定どおり
check-pids-option-fork-refused = 上限で fork が拒否される

scenario-memory-option-large = メモリのオプションが 4 GiB を超えても正しい
    .what = 32 ビットに収まらない制限を付けても、memory.max はちょうどその値になります。
    .why = 32 ビットでは 4 GiB は 0、5 GiB は 1 GiB です。コンテナはすぐに、またはずっと早く Kill されます。50 MB で試しているうちは誰も気づきません。
    .hand =
        { -held }                                           # オプションに 5368709120 を付けて
        cat /sys/fs/cgroup$(cut -d: -f3 /proc/$P/cgroup)/memory.max        # 5368709120 のはず
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
check-memory-option-large-memory-max = memory.max が指定どおり

scenario-groups-apart = コンテナの cgroup にはそのコンテナだけがいる
    .what = コンテナを 2 つ動かします。ランタイムが cgroup を作るなら、2 つは別々のグループにいて、ランタイム自身のプロセスはどちらにもいません。
    .why = 同じグループの 2 つのコンテナは 1 つの制限を分け合います。1 つ目が使った分で 2 つ目が Kill されます。グループに入ったランタイムは、コンテナと同じ制限を受け、代わりに Kill されることもあり、自分のいるグループを削除できません。
    .hand =
        { -held }
        R=$(pgrep -f 'mycontainer run')
        cat /proc/$P/cgroup /proc/$R/cgroup                # グループがあるなら異なるはず
    .man = cgroups(7) のマニュアル
check-groups-apart-runtime-stays-outside = ランタイムがコンテナのグループにいない
check-groups-apart-one-group-each = 2 つ目のコンテナは別のグループにいる

scenario-limited-from-the-start = コマンドが最初からグループに入っている
    .what = 制限を指定すると、コマンドは始まったときにはもう自分の cgroup に入っています。
    .why = グループに入る前に使ったメモリは、元のグループに数えられたままです。早いうちに取った 100 MiB はなかったことになります。その前に起動した子プロセスも外に残ります。
    .hand =
        sudo ./mycontainer run --pids 20 /bin/sh -c 'cat /proc/self/cgroup'   # オプションを付けて: 自分のグループ
    .man = cgroups(7), clone(2) (CLONE_INTO_CGROUP) のマニュアル
check-limited-from-the-start-in-a-group-of-its-own = 始まったときに自分のグループにいる

scenario-impossible-limit-refused = 設定できない制限なら実行しない
    .what = カーネルが断る制限を指定し、次に cgroup を作れない状態でも試します。どちらの場合もコマンドは始まらず、終了ステータスは 0 以外になるはずです。
    .why = 制限を指定する人は、それを頼りにしています。誰も見なかったエラーのあとで制限なしに動くコンテナは、動かないより危険です。
    .hand =
        sudo ./mycontainer run --pids 99999999 /bin/echo started; echo $?     # エラーになり、始まらないはず
    .man = cgroups(7), https://docs.kernel.org/admin-guide/cgroup-v2.html#pid
check-impossible-limit-refused-limit-that-fails = 断られる制限ならコマンドが始まらない
check-impossible-limit-refused-status = 終了ステータスが 0 ではない
check-impossible-limit-refused-group-that-fails = グループを作れないならコマンドが始まらない

scenario-cgroupfs-read-only = 書き込める cgroup ファイルシステムがない
    .what = コンテナの中に cgroup2 がマウントされているなら、読み取り専用です。
    .why = 自分のグループのディレクトリには memory.max があり、中の root が値を上げられます。制限はコンテナの気分しだいになります。
    .hand =
        { -held }
        grep cgroup2 /proc/$P/mountinfo                    # 何もないか、ro のはず
    .man = cgroups(7), cgroup_namespaces(7) のマニュアル
check-cgroupfs-read-only-no-writable-cgroupfs = 書き込める cgroup ファイルシステムがない

## Step 4

scenario-veth-netcat = netcat で送った行が veth ペアを通って届く
    .what = Step 4 のとおり、veth-host は { $host_address } でホストに残り、veth-child はコンテナへ移って { $container_address } になり、両方 UP します。コンテナの nc -l -p { $port } がホストからの行を表示し、コンテナからもホストに届き、片方を消すともう片方も消えます。
    .why = コンテナのネットワークの正体はこれだけです。名前空間と、両端のあるケーブルと、アドレスです。
    .hand =
        { -held }
        sudo ip link add veth-host type veth peer name veth-child
        sudo ip link set veth-child netns $P
        sudo ip addr add { $host_address }/{ $prefix } dev veth-host && sudo ip link set veth-host up
        sudo nsenter --target $P --net ip addr add { $container_address }/{ $prefix } dev veth-child
        sudo nsenter --target $P --net ip link set veth-child up
        ip link | grep veth                                # veth-host だけのはず
        sudo nsenter --target $P --net --root nc -l -p { $port } &
        echo hello | nc { $container_address } { $port }
        sudo ip link delete veth-host
    .man = veth(4), ip-link(8), network_namespaces(7) のマニュアル
check-veth-netcat-peer-left-host = ホストの一覧から veth-child が消えている
check-veth-netcat-peer-in-container = コンテナの中に veth-child がある
check-veth-netcat-paired = 両端がペアになっている
check-veth-netcat-both-up = 両端が UP している
check-veth-netcat-line-arrives = ホストから送った行がコンテナの nc に届く
check-veth-netcat-packets-crossed = パケットがケーブルを通った
check-veth-netcat-way-back = コンテナからホストに届く
check-veth-netcat-pair-goes-together = 片方を消すともう片方も消える

scenario-network-option = ネットワークのオプションで通じるケーブルが張られる
    .what = ランタイムのネットワークのオプションを付けると、コンテナには UP したインターフェースがあり、指定したアドレスと、ホストへのデフォルトルートが付いています。ホスト側も UP してアドレスがあり、ホストからコンテナへ、コンテナからホストへ通じます。
    .why = ケーブルには両端があり、どちらにもアドレスと UP が必要です。片方に足りないものは、もう片方を見ても分かりません。
    .hand =
        { -held }                                          # オプションを付けて
        sudo nsenter --target $P --net ip address          # UP していて、アドレスがあるはず
        sudo nsenter --target $P --net ip route            # default via ホストのアドレス
        ip address                                         # ホスト側: UP していて、アドレスがあるはず
        sudo nsenter --target $P --net ping -c 1 10.0.0.1
    .man = veth(4), ip-link(8), ip-address(8), ip-route(8) のマニュアル
check-network-option-linked = コンテナに lo 以外のインターフェースがある
check-network-option-end-is-up = コンテナ側が UP している
check-network-option-address = 指定したアドレスが付いている
check-network-option-default-route = デフォルトルートがホストに向いている
check-network-option-host-address = その宛先のアドレスがホストにある
check-network-option-host-end-is-up = ホスト側が UP している
check-network-option-way-in = ホストからコンテナに届く
check-network-option-way-back = コンテナからホストに届く

scenario-network-ready-at-start = コマンドが始まるときにはネットワークの準備ができている
    .what = コマンドが始まったばかりのコンテナを見ると、インターフェースもアドレスもデフォルトルートもそろっています。
    .why = コマンドは待ってくれません。アドレスに bind するサーバーも、接続しに行くクライアントも、最初の一瞬で失敗してやり直しません。
    .hand =
        sudo ./mycontainer run --network ... /bin/sh -c 'ip address; ip route'   # オプションを付けて
    .man = clone(2), pipe(2) のマニュアル
check-network-ready-at-start-ready-at-first-look = 最初に見たときにすべてそろっている

scenario-networks-apart = ふたつのコンテナがそれぞれのケーブルを持つ
    .what = ネットワーク付きのコンテナを 2 つ並べて動かします。アドレスも MAC アドレスも異なり、片方が終わっても、もう片方はホストに届きます。
    .why = ホスト側の名前が固定だと、2 つ目のコンテナではもう使われています。「veth を消す」後始末は隣のコンテナの veth も消してしまいます。
    .hand =
        { -held }                                          # オプションを付けて、アドレスを変えて 2 回
        ip link | grep veth                                # 2 つ
    .man = veth(4), ip-link(8) のマニュアル
check-networks-apart-addresses-differ = アドレスが異なる
check-networks-apart-hardware-addresses-differ = MAC アドレスが異なる
check-networks-apart-outlives-the-other = 相手が終わってもインターフェースが残る
check-networks-apart-still-reaches-the-host = そのあともホストに届く

scenario-network-no-residue = ネットワークがホストに何も残さない
    .what = ネットワーク付きのコンテナのあとも、存在しないコマンドのあとも、rootfs/ がなかったあとも、ホストのインターフェース、設定、ファイルは元のままです。
    .why = 残った片端は名前とアドレスを持ったままで、次の実行は "File exists" で失敗します。転送が有効なままだと、マシンがルーターになってしまいます。
    .hand =
        ip link > before; sysctl net.ipv4.ip_forward
        sudo ./mycontainer run --network ... /nonexistent  # オプションを付けて
        ip link | diff before -; sysctl net.ipv4.ip_forward
    .man = veth(4), ip-link(8) のマニュアル
check-network-no-residue-after-success = 成功したコマンドのあとに何も残らない
check-network-no-residue-after-failure = 起動できなかったコマンドのあとに何も残らない
check-network-no-residue-without-rootfs = rootfs/ がなかったあとにインターフェースが残らない

## Step 5、プログラムとして

scenario-hostname-isolated = コンテナで付けたホスト名はコンテナの中だけで有効
    .what = コンテナは自分の UTS 名前空間を持ち、その中でホスト名を変えてもホストの名前は変わりません。
    .why = ホストの UTS 名前空間のままだと、コンテナの中の `hostname box` がマシンの名前を変えてしまい、ログもプロンプトもサービスも名前が変わります。
    .hand =
        { -held }
        sudo readlink /proc/self/ns/uts /proc/$P/ns/uts    # 異なるはず
        sudo nsenter --target $P --uts hostname box
        hostname                                           # ホストの名前のまま
    .man = uts_namespaces(7), sethostname(2) のマニュアル
check-hostname-isolated-own-uts-namespace = UTS 名前空間がホストのものではない
check-hostname-isolated-container-renamed = コンテナの名前を変えられる
check-hostname-isolated-host-keeps-its-name = ホストの名前は変わらない

scenario-option-is-no-command = オプションの値がコマンドとして実行されない
    .what = ホスト名のオプションに、引用符、セミコロン、リダイレクトを含む値を渡します。断っても受け取ってもかまいませんが、値の一部がホストで実行されてはいけません。
    .why = `system("... " + name)` や `sh -c` は、値をプログラムとして読みます。コンテナの名前を決められる人が、ホストの root になってしまいます。
    .hand =
        sudo ./mycontainer run --hostname 'x;>/tmp/made' /bin/true   # オプションを付けて
        ls /tmp/made                                       # ないはず
    .man = system(3), execve(2) のマニュアル
check-option-is-no-command-nothing-executed = 値の一部が実行されていない

scenario-hostname-option = ホスト名のオプションがコンテナに名前を付ける
    .what = ランタイムのホスト名のオプションを付けると、コンテナはその名前になり、ホストの名前は変わりません。
    .why = UTS 名前空間を分ける前に名前を付けるとマシンの名前が変わります。付け忘れると、どのログにもホストの名前が残ります。
    .hand =
        { -held }                                          # オプションを付けて
        sudo nsenter --target $P --uts hostname
        hostname                                           # ホストの名前のまま
    .man = sethostname(2), uts_namespaces(7)
check-hostname-option-named-as-asked = コンテナが指定した名前になる
check-hostname-option-host-keeps-its-name = ホストの名前は変わらない

scenario-hostnames-distinct = 2 つのコンテナが同じ名前を持たない
    .what = 2 つのコンテナを同時に動かします。ランタイムがコンテナに名前を付けるなら、2 つの名前は異なっていなければなりません。(名前を付けないランタイムではホストの名前のままです。ここではそれを問いません。)
    .why = ホスト名はプロンプト、ログ、クラスタのメンバー名に現れます。同じ名前のコンテナが 2 つあると、そこで区別できません。
    .hand =
        sudo ./mycontainer run /bin/hostname
        sudo ./mycontainer run /bin/hostname               # 別の名前のはず
    .man = sethostname(2), uts_namespaces(7) のマニュアル
check-hostnames-distinct-apart = 2 つの名前が異なる

scenario-hostname-length-option = 名前がそのまま使われるか、断られる
    .what = ランタイムのホスト名オプションに 64 バイト (カーネルが受け付ける最長) の名前を渡すと、最後のバイトまで設定される (または断られる) はずです。65 バイトの名前はエラーで終わらなければなりません。
    .why = 途中で切られた名前は別の名前で、カーネルに断られた名前は設定されず、ホストの名前が残ります。どちらも、付けた名前でコンテナを探すまで気付きません。
    .hand =
        sudo ./mycontainer run --hostname $(printf %064d 0) /bin/hostname | wc -c     # 改行を入れて 65 のはず
        sudo ./mycontainer run --hostname $(printf %065d 0) /bin/hostname; echo $?    # エラーのはず
    .man = sethostname(2) (EINVAL), uname(2), hostname(7) のマニュアル
check-hostname-length-option-longest-fits = 64 バイトがそのまま届く
check-hostname-length-option-too-long-refused = 65 バイトは断られる

scenario-daemon-does-not-hold = コマンドが終わればコンテナも終わる
    .what = コマンドが別のプロセスを起動してから終了します。ランタイムはすぐに終わり、コンテナに残されたプロセスも一緒に終わらなければなりません。
    .why = ランタイムを呼ぶスクリプトが待つのはコマンドであり、コマンドが残したものではありません。また、終わったコンテナの中で動き続けるものには持ち主がいません。PID 名前空間が正しければ、PID 1 が終わるとすべてが終わります。
    .hand =
        time sudo ./mycontainer run /bin/sh -c 'sleep 31337 & exit 3'; echo $?    # すぐに 3 のはず
        pgrep -f 'sleep 31337'                             # 何も出ないはず
    .man = pid_namespaces(7), wait(2) のマニュアル
check-daemon-does-not-hold-runtime-ends = ランタイムがコマンドとともに終わる
check-daemon-does-not-hold-daemon-ended = コマンドが残したプロセスが終わっている

scenario-exit-status = ランタイムの終了ステータスがコマンドのものと同じである
    .what = コマンドがあるステータスで終わると、ランタイムも同じステータスで終わります。
    .why = スクリプトも CI も Kubernetes も、成功か失敗かをこれだけで判断します。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'exit 37'; echo $?      # 37 のはず
    .man = exit(3), wait(2) のマニュアル
check-exit-status-zero = 0 が伝わる
check-exit-status-drawn = くじで選んだステータスが伝わる

scenario-killed-by-signal = シグナルで終わったコマンドは 128 + 番号になる
    .what = コマンドを SIGKILL (9) で終わらせます。ランタイムはシェルと同じく 137 で終わらなければなりません。
    .why = 137 は、人もプログラムも OOM Kill に気づくための目印です。0 や 1 では隠れてしまいます。
    .hand =
        { -held }
        sudo kill -KILL $P
        wait %1; echo $?                                   # 137 のはず
    .man = wait(2) (WIFSIGNALED), bash(1) (EXIT STATUS) のマニュアル
check-killed-by-signal-status-is-137 = ステータスが 137 である

scenario-command-not-found = 「見つからない」は 127、「実行できない」は 126
    .what = 存在しないコマンドなら 127、実行できないものなら 126 でランタイムが終わります。
    .why = 呼び出した側は、これで自分の打ち間違いとコマンドの失敗を見分けます。
    .hand =
        sudo ./mycontainer run /no/such/command; echo $?   # 127 のはず
        sudo ./mycontainer run /etc; echo $?               # 126 のはず
    .man = execve(2), bash(1) (EXIT STATUS), env(1) のマニュアル
check-command-not-found-status-is-127 = 存在しないコマンドは 127 になる
check-command-not-found-directory-is-126 = ディレクトリは 126 になる

scenario-command-lookup = 名前だけのコマンドがコンテナの PATH から見つかる
    .what = コンテナの中にしかないコマンドを `run 名前` で起動できます。
    .why = だれでも `run sh` と打ちます。ルートを変える前に名前を探すと、ホストのディレクトリを探してしまいます。
    .hand =
        sudo ./mycontainer run sh -c 'echo found'
    .man = execvp(3), environ(7) (PATH) のマニュアル
check-command-lookup-bare-name-found = パスなしでコマンドが見つかる

scenario-arguments-intact = 引数がそのまま届く
    .what = 空白、空の引数、オプション、引用符、ほかの文字、そして 100 個ほどの引数。
    .why = 引数を分けたり、落としたり、解釈したりするランタイムでは、一語より長いスクリプトがみな壊れます。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'for a; do echo "<$a>"; done' sh 'two words' '' -l --help
    .man = execve(2), proc_pid_cmdline(5) のマニュアル
check-arguments-intact-argv = すべての引数が、そのままの形で届く

scenario-environment-clean = ホストの環境変数が入り込まない
    .what = 呼び出した側の変数はコンテナに現れず、PATH は設定されています。
    .why = コンテナを起動する人の環境変数には、トークンやパスワードやパスが入っています。どれもコンテナには関係ありません。
    .hand =
        sudo SECRET=abc ./mycontainer run /bin/sh -c env   # SECRET がなく、PATH があるはず
    .man = environ(7), execve(2), proc_pid_environ(5) のマニュアル
check-environment-clean-variable-kept-out = ホストの変数が入らない
check-environment-clean-path-set = PATH が設定されている

scenario-descriptors-closed = ホストの開いたファイルが入り込まない
    .what = コマンドが持つのは stdin、stdout、stderr だけで、ほかのファイルディスクリプタはありません。
    .why = ホストのディレクトリを指すディスクリプタは、コンテナの外へ通じる扉です。runc の CVE-2024-21626（Leaky Vessels）はここを通りました。
    .hand =
        sudo sh -c 'exec 9</etc/shadow; ./mycontainer run /bin/ls -l /proc/self/fd'      # 9 がないはず
    .man = close_range(2), open(2) (O_CLOEXEC), proc_pid_fd(5) のマニュアル
check-descriptors-closed-descriptor-kept-out = 呼び出した側が開いたファイルが入らない
check-descriptors-closed-only-standard-streams = 標準の 3 つだけが開いている

scenario-signals-reset = 無視もブロックもされたシグナルのない状態で始まる
    .what = ランタイムが自分のために無視・ブロックしたシグナルは、コマンドを起動する前に元に戻します。
    .why = 無視やブロックは execve のあとも残ります。SIGPIPE が無視されていると（Rust や Python がそうします）`yes | head` が終わりません。
    .hand =
        { -held }
        grep -E 'Sig(Ign|Blk)' /proc/$P/status             # すべて 0 のはず
    .man = signal(7), execve(2), sigprocmask(2) のマニュアル
check-signals-reset-none-ignored = 無視されたシグナルがない
check-signals-reset-none-blocked = ブロックされたシグナルがない

scenario-signals-forwarded = ランタイムへのシグナルがコマンドに届く
    .what = ランタイムに SIGTERM を送るとコマンドが自分のやり方で終わり、そのステータスが伝わります。
    .why = `systemctl stop` も `docker stop` も Ctrl-C も、シグナルを送る相手はランタイムですが、止めたいのはコンテナです。転送しなければ、きれいに終わることができません。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'trap "exit 15" TERM; while :; do sleep 1; done' &
        sudo pkill -TERM -nx mycontainer; wait %1; echo $?    # 15 のはず
    .man = kill(2), pidfd_send_signal(2), pid_namespaces(7) のマニュアル
check-signals-forwarded-payload-got-it = コマンドに SIGTERM が届く
check-signals-forwarded-status-comes-through = その終了ステータスが伝わる

scenario-dies-with-runtime = ランタイムが死ねばコンテナも終わる
    .what = ランタイムを SIGKILL で終わらせます。コンテナも終わらなければなりません。
    .why = SIGKILL は転送できません。生き残ったコンテナには持ち主がなく、だれかが見つけるまでメモリもマウントもネットワークも握ったままです。
    .hand =
        { -held }
        sudo pkill -KILL -nx mycontainer
        ps -p $P                                           # いなくなっているはず
    .man = PR_SET_PDEATHSIG(2const), prctl(2) のマニュアル
check-dies-with-runtime-container-ends = ランタイムが Kill されるとコンテナも終わる

scenario-two-at-once = コンテナをふたつ同時に動かせる
    .what = 同時に 2 回起動しても動き、たがいに見えず、それぞれに終わります。
    .why = cgroup やインターフェースやディレクトリの名前が固定だと、1 回目は動き、2 回目でぶつかります。
    .hand =
        sudo ./mycontainer run /bin/sleep 5 &
        sudo ./mycontainer run /bin/sleep 5 &
        wait
    .man = namespaces(7) のマニュアル
check-two-at-once-both-run = 両方とも動く
check-two-at-once-apart = たがいに分かれている
check-two-at-once-both-end-well = 両方とも正しく終わる

scenario-usage-explained = 引数なしで呼ぶと使い方を示す
    .what = 引数なしなら、エラーのステータスと使い方の 1 行。クラッシュはしません。
    .why = 長さを確かめずに os.Args[1] を読むのは、だれもが最初に踏む panic です。
    .hand =
        { "." }/mycontainer; echo $?
    .man = sysexits(3head) のマニュアル
check-usage-explained-status = 終了ステータスが 0 ではない
check-usage-explained-no-crash = クラッシュしない

scenario-root-required = root でなければ、何もせずエラーになる
    .what = 一般ユーザーで呼ぶとエラーのステータスで終わり、何も実行しません。
    .why = root でなければ名前空間は作れません。エラーを確かめないプログラムは、隔離なしでコマンドを実行してしまいます。
    .hand =
        { "." }/mycontainer run /bin/ls /; echo $?               # 一般ユーザーで。0 以外のはず
    .man = clone(2) (EPERM), user_namespaces(7) のマニュアル
check-root-required-status = 終了ステータスが 0 ではない
check-root-required-nothing-started = コマンドが動かない

scenario-stdin-connected = 入力がコマンドに届く
    .what = stdin のすべてのバイトと、その終わりが届きます。
    .why = stdin がなければ、コンテナの中のシェルもパイプも使えません。
    .hand =
        echo hello | sudo ./mycontainer run /bin/cat       # hello のはず
    .man = stdin(3), pipe(7) のマニュアル
check-stdin-connected-every-byte-arrives = すべてのバイトと終わりが届く

scenario-stdout-intact = stdout に出るのはコマンドの出力だけである
    .what = あらゆる値のバイトを含む 1 MiB が、前にも後にも何も付かず、そのまま出てきます。
    .why = `run cat ファイル > コピー` でコピーができるべきです。ランタイム自身のメッセージは stderr に出します。
    .hand =
        sudo ./mycontainer run /bin/echo hello | od -c     # h e l l o \n だけのはず
    .man = stdout(3) のマニュアル
check-stdout-intact-every-byte-and-no-other = すべてのバイトが届き、余分なものがない

scenario-stderr-apart = stderr と stdout が混ざらない
    .what = コマンドが stderr に出したものは stderr に届き、stdout には出ません。
    .why = 出力をファイルに保存するとき、エラーは画面で見たいものです。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'echo oops >&2' 2>/dev/null     # 何も出ないはず
    .man = stderr(3) のマニュアル
check-stderr-apart-on-stderr = stderr に届く
check-stderr-apart-not-on-stdout = stdout には出ない

scenario-output-unbuffered = 出力がすぐに見える
    .what = コマンドが出力したものは、まだ動いている間に読めます。
    .why = 終わってから出てくるプロンプトやログは、だれの役にも立ちません。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'echo now; sleep 5'     # すぐに now と出るはず
    .man = setbuf(3), pipe(7) のマニュアル
check-output-unbuffered-seen-while-running = コマンドの実行中に読める

scenario-no-residue = ホストに何も残さない
    .what = 成功のあとも、失敗のあとも、ランタイムを SIGKILL したあとも、マウント、インターフェース、名前付き netns、cgroup、プロセス、ファイル、設定が元のままです。
    .why = 実行のたびに残るものは積み重なり、やがて名前がぶつかり、ディスクが埋まり、アドレスが重なります。
    .hand =
        ls /sys/fs/cgroup /run/netns; ip link; findmnt     # 前と後を比べる
        sudo ./mycontainer run /bin/true
        sudo ./mycontainer run /no/such/command
    .man = cgroups(7), mount_namespaces(7), ip-netns(8) のマニュアル
check-no-residue-after-success = コマンドの成功後に何も残らない
check-no-residue-after-failure = コマンドを起動できなかったあとに何も残らない
check-no-residue-after-sigkill = ランタイムを Kill したあとに何も残らない

## 原因: ランタイムのどこが間違っていそうか

cause-container-silent = 起動したプロセスが応答しません。止められたか、使っているファイルを閉じられた可能性があります。
    .why = boxproof のプローブはどんなマシンでもすぐ応答します。黙るのは、何かに止められるか切り離されたときだけです。
cause-container-refuses = どのプログラムでもできるはずのことが、コンテナではできませんでした: { $observed }。ランタイムが何を取り上げているか（マウント、制限、/dev）を確かめましょう。
    .why = この先はシナリオを調べられませんでした。
cause-container-gone = コンテナが途中で終わってしまいました ({ $observed })。ランタイムはコマンドの終わりを待っていますか？
    .why = コマンドより先に終わったり、コマンドを Kill したりするランタイムでは、調べるものが残りません。
cause-runtime-not-executable = カーネルがランタイムの実行を断りました: { $observed }。このマシン向けに、できれば静的リンクでビルドしましょう。
    .why = スクリプトなら 1 行目に #!/bin/sh などが必要で、そこに書いたプログラムが試験するマシンになければなりません。
cause-payload-outside-rootfs = コマンドは動いていますが、rootfs/ の中ではありません。ルートディレクトリは { $observed } です。子プロセスで chroot（または pivot_root）を呼び、結果を確かめていますか？
    .why = このままでは、調べたことがすべてホストのことになってしまいます。
cause-not-the-probe = 頼まれたものと別のプログラムが実行されました。引数で渡されたコマンドをそのまま実行しましょう。
    .why = コマンドの代わりに答えるランタイムは、何も隔離していません。
cause-runtime-hangs = ランタイムがコマンドを起動も終了もしません ({ $observed })。入力や、ロックや、いない子プロセスを待っていませんか？
    .why = よくあるのは、パイプの反対側を自分で開いたまま読み続けることや、別の子プロセスを待つことです。
cause-runtime-floods = ランタイムがコマンドを起動せず、出力し続けています。自分自身を呼び続けていませんか？（`/proc/self/exe child` がまた `run` になるなど）
    .why = 終わる条件のない再実行は fork 爆弾です。試験側の制限で止めました。
cause-too-many-processes = ランタイムがプロセスを際限なく作っています ({ $observed })。自分自身を呼び続けていませんか？（`/proc/self/exe child` がまた `run` になるなど）
    .why = 終わる条件のない再実行は fork 爆弾です。試験側のプロセス数の制限で止めました。
cause-command-not-started = コマンドを起動する前にランタイムが終わりました ({ $observed })。ランタイムの出力を横に示しています。たいていは mount、chroot、exec のどれかの失敗です。コマンドのパスは rootfs/ の中のパスです。
    .why = このシナリオには動いているコンテナが必要です。まず `sudo ./mycontainer run /bin/echo hello` が動くか確かめましょう。
cause-runtime-outlives-container = コマンドは終わったのに、ランタイムが終わりません。その子プロセスだけを待ち (cmd.Wait、PID を指定した waitpid)、開いたままのパイプを閉じましょう。
    .why = 呼び出した側がいつまでも待つことになります。

cause-root-not-changed = コマンドからホストのルートディレクトリが見えています。chroot や pivot_root を呼んでいないか、失敗しても先へ進んでいます。子プロセスで exec の前に呼び、結果を確かめましょう。
    .why = 自分のルートを持たないコンテナは、ホストの普通のプロセスです。
cause-set-up-never-reached = コマンドがホストの名前空間のまま、ホストで実行されています。`run` が自分でコマンドを実行しています。`run` は名前空間を作りルートを変える子 (clone、または /proc/self/exe child) を起動し、コマンドはその子が実行します。
    .why = ホストにしかないコマンドをランタイムに渡したところ、実行されました。
    .hand =
        sudo ./mycontainer run /usr/bin/readlink /proc/self/ns/mnt /proc/self/ns/pid    # ./mycontainer run なしと同じになる
cause-pivot-root-failed-unnoticed = pivot_root が失敗したのに処理が続き、コマンドがホストのルートで実行されています。失敗したら止め、表示された errno を確認してください (EINVAL なら、rootfs/ がマウントポイントではないか、/ が shared のままです)。
    .why = ホストにしかないコマンドをランタイムに渡したところ、実行されました。
cause-new-root-is-no-mount-point = pivot_root が EINVAL です。rootfs/ はただのディレクトリで、pivot_root はマウントポイントしか受け付けません。先に自分自身へ bind します: mount("rootfs", "rootfs", NULL, MS_BIND|MS_REC, NULL)
    .why = pivot_root が入れ替えるのはディレクトリではなくマウントです。
cause-pivot-root-while-shared = pivot_root が EINVAL で、rootfs/ の bind マウントがホストに現れています。マウントの伝播が systemd の設定どおり shared のままです。最初に mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL) を呼びます。
    .why = カーネルは、親のマウントが shared であるルートの入れ替えを断ります。systemd のないホストでは同じプログラムが動きます。
    .hand =
        findmnt -o TARGET,PROPAGATION /                    # systemd の下では shared
cause-rootfs-path-compiled-in = エラーメッセージの rootfs のパスが、ランタイムを呼んだディレクトリの下にありません。パスがプログラムに埋め込まれています。カレントディレクトリからの相対パス "rootfs" を使います。
    .why = そのパスは作者のマシンにしかありません。
cause-host-files-deleted = ホストのファイルが消えています。古いルートがマウントされたままのディレクトリを、中身ごと削除していませんか。umount2(old, MNT_DETACH) の結果を確認し、ディレクトリは空のものしか消さない rmdir で削除します。
    .why = umount の失敗を見ずに remove_dir_all や rm -rf を続けると、ホストが消えます。
cause-rootfs-path-cut = パスに空白、コンマ、コロンがあると、ランタイムが rootfs/ を見つけられません。パスはひとつの引数として渡し、シェルや分割される文字列を通さず、マウントオプションではエスケープします。
    .why = 普通の名前では同じ実行が成功します。
cause-bind-not-recursive = rootfs/ の下にマウントしたものがコンテナにありません。MS_BIND|MS_REC で bind します。
    .why = MS_REC がないと写されるのはひとつのマウントだけで、その下にはマウント先だった空のディレクトリが見えます。
cause-host-mounts-taken-away = ホストのマウントが消えています。マウントが shared のまま古いルートをアンマウントしたため、ホストからも外れました。その前に、ひとつのマウントだけでなく "/" に MS_REC|MS_PRIVATE を指定してすべてを private にします。
    .why = umount も mount と同じように伝わります。実際のマシンでは /dev、/proc、/sys がなくなります。
    .hand =
        findmnt | wc -l                                    # 実行の前と後
cause-root-elsewhere = ルートディレクトリは変わりましたが、プログラムの横の rootfs/ ではなく { $observed } です。パスを決め打ちしていませんか？ カレントディレクトリの "rootfs" を使いましょう。
    .why = ワークショップでは、rootfs/ のあるディレクトリでランタイムを呼びます。
cause-chdir-forgotten = chroot のあともカレントディレクトリが外のままです。chroot のすぐ後で chdir("/") を呼びましょう。
    .why = chroot はカレントディレクトリを動かさないので、`ls ..` でホストが見えてしまいます。
cause-chroot-without-pivot-root = chroot だけで済ませています。ホストのファイルは Mount 名前空間に残っていて、中の root はそこへ戻れます。pivot_root(".", ".") と umount2(".", MNT_DETACH) を使いましょう。
    .why = chroot からの脱出は mkdir、chroot、chdir("..") の 3 つでできます。
cause-old-root-still-mounted = pivot_root はしましたが、古いルートがマウントされたままです。umount2(old, MNT_DETACH) で切り離し、結果を確かめましょう。MNT_DETACH がないと EBUSY で失敗します。
    .why = put_old の下にホスト全体が開いたままです。
cause-chroot-unchecked = rootfs/ がないのにコマンドが動きました。chroot（や rootfs/ を開く処理）の結果を確かめていません。失敗したらそこで止めましょう。
    .why = この種の Go プログラムの 10 本に 4 本は確かめていません。
cause-failure-reported-as-success = 失敗したのに終了ステータスが 0 です。0 以外で終わりましょう（ランタイム自身の失敗は 125 にするのが習慣です）。
    .why = スクリプトには成功と見分けがつきません。
cause-dev-mounted-nodev = /dev のデバイスは正しいのに開けません (EACCES)。/dev のファイルシステムが MS_NODEV でマウントされています。/dev には MS_NOSUID|MS_NOEXEC を使います。
    .why = MS_NODEV を付けると、その上のデバイスはどれも使えません。/proc と /sys にはそれで正解です。
cause-dev-without-nodes = /dev にデバイスがありません。tmpfs をマウントして null、zero、full、random、urandom、tty を mknod で作るか、ホストのものを bind マウントしましょう。
    .why = シェルスクリプトの `> /dev/null` がただのファイルを作ってしまいます。
cause-dev-node-is-no-device = /dev の中に、名前どおりのデバイスでないものがあります ({ $observed })。S_IFCHR を付けて mknod で作るか、ホストのものを bind マウントしましょう。
    .why = ただのファイルの /dev/null は、書かれたものを溜めてディスクを埋めます。
cause-umask-inherited = /dev のデバイスやディレクトリを一般ユーザーが使えません ({ $observed })。呼び出し側の umask がモードから引かれています。mknod と mkdir の前に umask(0) を呼びます。
    .why = umask 077 の下では mknod("/dev/null", S_IFCHR|0666, ...) が 0600 になります。
cause-dev-of-the-host = コンテナの /dev (または /dev/pts) がホストのものです。/dev に tmpfs をマウントして必要なデバイスだけを作り、/dev/pts には自分の devpts をマウントします。
    .why = そこにはディスク、カーネルのログ、ほかの人の端末があります。
cause-terminals-do-not-open = devpts または /dev/ptmx があるのに、端末を誰でも開けるようになっていません ({ $observed })。"newinstance,ptmxmode=0666,mode=0620" でマウントし、リンク /dev/ptmx -> pts/ptmx を作ります。
    .why = 指定しなければ ptmxmode は 0000 です。
cause-tmpfs-without-size = tmpfs に大きさの上限がなく ({ $observed })、マシンのメモリの半分まで使えます。"size=64m" などを付けてマウントします。
    .why = tmpfs の中身はメモリに載ります。
cause-sysfs-writable = /sys が書き込み可能でマウントされています。MS_RDONLY を付けましょう（MS_NOSUID、MS_NODEV、MS_NOEXEC も）。
    .why = ホストのデバイスの設定を中から変えられます。

cause-pid-unshared-without-fork = unshare(CLONE_NEWPID) のあとで fork していません。新しい PID 名前空間に入るのは、その後に作る子プロセスだけです。unshare の後で fork するか、clone に CLONE_NEWPID を渡しましょう（コマンドなら unshare --pid --fork）。
    .why = unshare では動いているプロセスの PID は変わりません。最初の子プロセスが PID 1 になります。
    .hand =
        sudo readlink /proc/$P/ns/pid /proc/$P/ns/pid_for_children   # 同じはず
cause-pid-namespace-not-new = コンテナがホストの PID 名前空間にいます。Cloneflags に CLONE_NEWPID がありません。
    .why = ホストのすべてのプロセスが見え、kill もできます。
cause-pid-one-is-no-init = コンテナの PID 1 がコマンドではなくランタイムのプロセスで、ゾンビを残しています。exec でコマンドに置き換えるか、PID 1 がすべての子プロセスを回収しましょう（wait を繰り返す）。
    .why = 孤児になったプロセスは PID 1 の子になります。ほかに回収できるプロセスはありません。
cause-init-ends-with-any-child = コンテナの PID 1 がランタイムのプロセスで、どれかの子が終わるとすぐに終わり、コマンドも道連れにします。waitpid(-1, ...) の戻り値をコマンドの PID と比べ、違えば待ち続けます。
    .why = 親を失ったプロセスは PID 1 の子になり、どれもいつかは終わります。
cause-init-waits-for-all = ランタイムがコマンドとともに終わらず、コンテナのすべてのプロセスを待っています。waitpid がコマンドの PID を返したら、そのステータスで終わります。
    .why = バックグラウンドのデーモンは終わりません。
cause-daemon-outlives-container = コマンドもランタイムも終わったのに、コンテナのプロセスが動き続けています。PID 1 を終わらせる (残りはカーネルが終わらせます) か、コンテナの cgroup を Kill します。
    .why = コンテナのメモリとネットワークを握ったまま、誰にも知られずに残ります。
cause-init-swallows-signals = ランタイムとコマンドの間にランタイム自身の PID 1 があり、シグナルがそこで止まっています。カーネルに捨てられるか、コンテナが Kill されます。PID 1 にハンドラを設定し、シグナルをコマンドへ送ります。
    .why = 名前空間の PID 1 に届くのは、ハンドラのあるシグナルだけです。
cause-mount-namespace-not-new = コンテナがホストの Mount 名前空間にいます。Cloneflags に CLONE_NEWNS がありません。
    .why = コンテナのマウントがホストのマウントになり、残ります。
cause-proc-not-mounted = コンテナの /proc に procfs がマウントされていません。chroot のあとで mount("proc", "/proc", "proc", ...) を呼び、結果を確かめましょう。
    .why = これがないと ps は何も見つけられません。
cause-proc-of-another-namespace = コンテナの /proc が別の PID 名前空間（おそらくホスト）のものです。新しい PID 名前空間の中のプロセス、つまり親ではなく子プロセスでマウントしましょう。
    .why = procfs は、マウントしたプロセスの PID 名前空間のものになります。
cause-proc-mount-flags = /proc が MS_NOSUID、MS_NODEV、MS_NOEXEC なしでマウントされています。0 の代わりにこの 3 つを渡しましょう。
    .why = どのディストリビューションもそうしています。
cause-mount-errors-ignored = /proc をマウントできなかったのに、コマンドが起動しました。マウントの結果を毎回確認し、失敗したら止めます。
    .why = ワークショップのプログラムは "Error mounting proc" と表示して続けます。
cause-image-link-followed = rootfs/proc がリンクで、マウントがホスト側のリンク先に載りました。pivot_root (または chroot) のあとでマウントすればリンクは中で解決されます。または openat2(RESOLVE_IN_ROOT) で解決します。
    .why = rootfs/proc が何であるかを決めるのはイメージです (CVE-2019-19921, CVE-2023-27561)。
cause-proc-over-the-hosts = コンテナの proc がホストの /proc の上にマウントされました。ルートを変える前で、マウントがまだホストへ伝わるときだったからです。/ を private にし、ルートを変え、それから proc をマウントします。
    .why = そのあとホストの `ps` は空になり、次の実行は /proc/self/exe を見つけられません。
    .hand =
        grep -c ' /proc ' /proc/self/mountinfo             # 実行の前も後も 1 のはず
cause-sysfs-of-another-network = コンテナの /sys が別の Network 名前空間のもので、おそらくホストから bind されています。新しい Network 名前空間にいる子の中で sysfs をマウントします: mount("sysfs", "/sys", "sysfs", ...)
    .why = sysfs は、マウントしたプロセスの Network 名前空間のものになります。
cause-proc-not-masked = /proc の中のマシン全体のものを開けます ({ $observed })。/proc/kcore、/proc/keys、/proc/timer_list に /dev/null を bind し、/proc/sysrq-trigger を読み取り専用にします。
    .why = これらは名前空間と関係がありません。
cause-proc-sys-writable = コンテナの中でマシンの設定を変えられます ({ $observed })。/proc/sys を自分自身へ bind し、MS_BIND|MS_REMOUNT|MS_RDONLY で再マウントします。呼び出しは 2 回です。
    .why = bind マウントを作るときの MS_RDONLY は無視されます。
cause-mount-propagation-shared = コンテナのマウントがホストへ伝わっています。最初のマウントより前に mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL) で private にしましょう。
    .why = systemd は / を shared にし、新しい Mount 名前空間も同じグループに残ります。ワークショップの Go プログラムにもこの欠点があります。unshare(1) コマンドは自分で private にするので起きません。
    .hand =
        sudo grep -o 'shared:[0-9]*' /proc/$P/mountinfo    # 何も出ないはず
cause-bind-before-private = private にする前に rootfs/ を bind マウントしているため、その bind マウントがホストへ伝わっています。先に / を private にしましょう。
    .why = 順番が大切です。private、bind、pivot_root の順です。
cause-ipc-namespace-not-new = コンテナがホストの IPC 名前空間にいます。CLONE_NEWIPC を加えましょう。
    .why = ホストの共有メモリを読み書きできます。
cause-cgroup-namespace-not-new = コンテナがホストの cgroup 名前空間にいます。CLONE_NEWCGROUP を加えましょう。
    .why = /proc/self/cgroup にホストのパスが見えます。
cause-network-namespace-not-new = コンテナがホストの Network 名前空間にいます。Cloneflags に CLONE_NEWNET がありません。
    .why = ホストのすべてのインターフェースとポートを使えてしまいます。
cause-extra-interfaces = lo のほかに、頼んでいないインターフェースがあります: { $observed }。接続は頼まれたときだけにしましょう。
    .why = インターフェースはどれも出入り口になります。
cause-loopback-down = lo が DOWN したままです。子プロセスで UP しましょう（`ip link set lo up`、RTM_NEWLINK の IFF_UP、または SIOCSIFFLAGS）。
    .why = カーネルはどの Network 名前空間にも lo を作りますが、DOWN の状態です。
cause-uts-namespace-not-new = コンテナがホストの UTS 名前空間にいます。Cloneflags に CLONE_NEWUTS がありません。
    .why = 中でホスト名を変えると、ホストの名前が変わります。

cause-killed-below-the-limit = 上限に達する前に（{ $observed } MiB で）プロセスが終わりました。ランタイムが自分でもっと小さな制限を付けていませんか？
    .why = 単位のない "50" は 50 バイトです。
cause-group-left-again = cgroup.procs に書いてグループへ入れたのに、コンテナがもうそこにいません。ランタイムが元のグループへ戻しています。これではグループの上限が効きません。グループへ入れるのは起動前の一度だけにして、あとから移されたらそのままにしましょう。
    .why = 上限は、プロセスが今いるグループのものが効きます。プロセスを移す側（手作業の学習者、systemd、Kubernetes）は、移した先にとどまることを前提にしています。
    .hand =
        echo $P > /sys/fs/cgroup/workshop/cgroup.procs
        sleep 1; cat /proc/$P/cgroup
cause-memory-charged-elsewhere = コンテナがメモリを使っても、グループの memory.current が増えません。メモリを使うプロセスがこのグループにいません。ランタイムが別のグループへ移していませんか？
    .why = メモリは、使った時点でプロセスがいるグループに数えられます。
    .hand =
        cat /proc/$P/cgroup /sys/fs/cgroup/workshop/cgroup.procs
cause-no-oom-kill = 上限を超えても Kill されませんでした。プロセスがグループにいないか、スワップへ逃げています。
    .why = カーネルが Kill するのはグループの中のプロセスだけで、memory.swap.max が逃げ道をふさいでいるときだけです。
cause-oom-took-the-container = コンテナ全体が一緒に Kill されました。メモリを使うプロセスがコンテナの PID 1 か、memory.oom.group が設定されていませんか？
    .why = ワークショップではシェルが生き残り、何が起きたかを確かめられます。
cause-processes-left-in-group = プロセスが残っているのでグループを削除できません。終わる前にコンテナの全プロセスを待つか、cgroup.kill を使いましょう。
    .why = プロセスのいる cgroup の rmdir は EBUSY で失敗します。
cause-cpu-charged-elsewhere = コンテナの CPU 時間が、入れたはずのグループに数えられていません。ランタイムが別のグループへ移していませんか？
    .why = cpu.max が効くのは、そのグループの中のプロセスだけです。
cause-processes-counted-elsewhere = コンテナのプロセス数が、入れたはずのグループの数と合いません（期待は { $expected }、実際は { $observed }）。ランタイムが別のグループへ移すか、自分のプロセスを加えていませんか？
    .why = pids.max はグループの中のプロセスをすべて、そしてそれだけを数えます。

cause-line-not-printed = コンテナの nc から行が出てきませんでした: { $observed }。コンテナの stdout はすぐにランタイムの stdout に届かなければなりません。
    .why = 両端は UP しているのでネットワークは正しく、問題はランタイムの出力の扱いにあります。
cause-no-way-back = コンテナからホストに届きません: { $observed }。ランタイムがコンテナの中で経路やルールを設定していませんか？
    .why = 10.0.0.2/24 を付ければ、10.0.0.1 への経路はカーネルが自分で作ります。

cause-container-not-waited-for = コマンドがまだ動いているのにランタイムが終わります。子プロセスを待ってください。Go なら cmd.Start() ではなく cmd.Run()、そのほかでは waitpid です。
    .why = 呼び出した側にはコマンドのものではないステータスが届き、コンテナの面倒を見るものがいなくなります。
cause-exit-status-lost = コマンドの終了ステータスが失われています（期待は { $expected }、実際は { $observed }）。Go なら err.(*exec.ExitError) を取り出し、os.Exit(exit.ExitCode()) としましょう。
    .why = ワークショップのプログラムは "Error running child" と表示し、コマンドのステータスにかかわらず 1 で終わります。
cause-signal-number-raw = ステータスがシグナル番号そのもの、または -1 になっています ({ $observed })。Go の ExitCode() はシグナルのとき -1 です。128 + WaitStatus.Signal() を使いましょう。
    .why = SIGKILL なら 137 と示すのがシェルの、そしてどのランタイムでもの約束です。
cause-signal-status-lost = シグナルで終わったことが失われています（137 ではなく { $observed }）。WIFSIGNALED を調べ、128 + WTERMSIG で終わりましょう。
    .why = OOM Kill は 137 で見分けます。
cause-exec-failure-hidden = コマンドを実行できなかったのに終了ステータスが 0 です。子プロセスの終了ステータスか O_CLOEXEC のパイプで親に知らせ、親は 127 か 126 で終わりましょう。
    .why = $? を調べるスクリプトが、何もなかったように先へ進みます。
cause-exec-status-not-127 = 存在しないコマンドは { $observed } ではなく 127 になるはずです。exec が ENOENT で失敗したら exit(127) としましょう。
    .why = シェルや env(1) の約束です。
cause-exec-status-not-126 = 存在するが実行できないものは { $observed } ではなく 126 になるはずです。exec が ENOENT 以外で失敗したら exit(126) としましょう。
    .why = シェルや env(1) の約束です。
cause-bare-name-not-found = パスのない名前がコンテナの中で探されていません。chroot のあとでコンテナの PATH を探しましょう（chroot 後の exec.LookPath、または execvp）。
    .why = syscall.Exec が受け取るのは名前ではなくパスです。exec.Command は親、つまりホスト側で名前を探します。
cause-argv-zero-lost = argv[0] がコマンドの名前になっていません。exec に渡すリストはプログラム名から始まります。os.Args[3:] ではなく os.Args[2:] です。
    .why = busybox は argv[0] でどのコマンドになるかを決めます。
cause-arguments-cut = 後ろの引数が足りません ({ $observed })。固定長の配列や、早く止まるカウンターがありませんか？
    .why = カーネルはスタック上限の 4 分の 1、約 2 MiB まで受け取ります。
cause-arguments-changed = 引数が途中で変わりました ({ $observed })。リストのまま渡しましょう。文字列につなげたりシェルに渡したりせず、コマンドより後ろをオプションとして読まないようにします。
    .why = 空白も引用符も先頭の - も引数の一部です。
cause-hostname-constant = 2 つのコンテナの名前が同じです ({ $observed })。名前が定数になっています。指定がなければ乱数かコンテナの ID から名前を作ります。
    .why = 同じ名前のコンテナはログで区別できません。
cause-hostname-cut = 名前が途中で切られています ({ $expected } ではなく { $observed })。カーネルは 64 バイトまで受け付けます。64 バイトの配列の C 文字列ではなく長さを渡し、それより長い名前は断ります。
    .why = 切られた名前は別のコンテナの名前です。
cause-hostname-error-ignored = カーネルが名前を断ったのに、{ $observed } という名前で実行が続きました。sethostname の戻り値を確認します。
    .why = 64 バイトを超えると EINVAL、CAP_SYS_ADMIN がなければ EPERM です。
cause-environment-passed-on = 呼び出した側の環境変数がコンテナに届いています。os.Environ() の代わりに、PATH など必要なものだけの一覧を exec に渡しましょう。
    .why = ワークショップのプログラムはすべてを渡します。AWS のキーも、トークンも、SSH エージェントもです。
cause-path-missing = コンテナに PATH がありません。PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin を設定しましょう。
    .why = なければ、シェルが ls を見つけられるかどうかは運しだいです。
cause-descriptors-inherited = 呼び出した側の開いたディスクリプタがコンテナに届いています。exec の前に close_range(3, ~0, CLOSE_RANGE_CLOEXEC) を呼ぶか、すべて O_CLOEXEC で開きましょう。
    .why = ディスクリプタの権利は、持ち主のルートがどこであっても変わりません (CVE-2024-21626)。
    .hand =
        sudo ls -l /proc/$P/fd                             # 0、1、2 だけのはず
cause-sigpipe-ignored = SIGPIPE が無視されたままコマンドが始まります。exec の前に signal(SIGPIPE, SIG_DFL) で戻しましょう。Rust と Python は起動時に無視します。
    .why = 無視は execve のあとも残り、`yes | head` が終わらなくなります。
cause-signals-ignored = 無視されたシグナルがあるままコマンドが始まります ({ $observed })。exec の前にすべて SIG_DFL に戻しましょう。
    .why = 無視は execve のあとも残ります。
cause-signals-blocked = ブロックされたシグナルがあるままコマンドが始まります ({ $observed })。exec の前にシグナルマスクを空にしましょう (sigprocmask)。
    .why = SIGTERM がブロックされたコマンドは、SIGKILL でしか止められません。
cause-signals-not-forwarded = ランタイムへの SIGTERM がコマンドに届きません。親で受け取って子プロセスへ送りましょう。
    .why = 人や systemd が PID を知っているのはランタイムだけです。
cause-signal-kills-instead = コマンドが後始末をする前に、ランタイムかコンテナがシグナルで終わりました。同じシグナルを送り、コマンドを待ち、そのステータスを返しましょう。
    .why = SIGTERM を処理するプログラムは、まずデータを保存したいのです。
cause-container-orphaned = ランタイムが Kill されてもコンテナが生き残ります。子プロセスで prctl(PR_SET_PDEATHSIG, SIGKILL) を呼び、その後 getppid() を確かめましょう。Go なら SysProcAttr.Pdeathsig と runtime.LockOSThread() です。
    .why = ワークショップのプログラムでは、持ち主のないコンテナが動き続けます。
cause-containers-collide = 同時に 2 回動かすとぶつかります。cgroup、インターフェース、名前空間、/tmp のディレクトリなどの固定の名前を探しましょう。
    .why = PID や乱数を名前に使いましょう。
cause-containers-share-namespaces = ふたつのコンテナが同じ PID 名前空間にいます。実行ごとに新しく作りましょう。
    .why = たがいのプロセスを kill できてしまいます。
cause-crashes-without-arguments = 引数なしで呼ぶとクラッシュします。まず引数の数を確かめ、使い方を表示して 2 で終わりましょう。
    .why = スタックトレースは作者には役立ちますが、使う人には何も伝わりません。
cause-runs-without-isolation = root でないのに、名前空間なしでコマンドが動きました。clone や unshare の結果を確かめ、失敗したら止めましょう。
    .why = コンテナに見えて、ただのプロセスです。
cause-stdin-not-connected = stdin がコマンドに届きません ({ $observed })。Go なら cmd.Stdin = os.Stdin です。
    .why = 指定しないと exec.Cmd は子プロセスに /dev/null を渡します。
cause-banner-on-stdout = ランタイムが自分の行を stdout に出しています。stderr に出しましょう: fmt.Fprintf(os.Stderr, ...)。
    .why = ワークショップの "Running [...] as PID ..." が、出力を保存したファイルに混ざります。
cause-stdout-changed = コマンドの出力が変わるか、一部しか届きません。出力を写すのではなくディスクリプタをそのまま子プロセスに渡し、文字列として扱わないようにしましょう。
    .why = 出力はバイト列です。0xff は UTF-8 ではありません。
cause-stderr-merged = stderr が stdout に出ています。Go なら cmd.Stderr は os.Stdout ではなく os.Stderr です。
    .why = エラーがデータの途中に混ざります。
cause-stderr-lost = コマンドが stderr に出したものが届きません。Go なら cmd.Stderr = os.Stderr です。
    .why = 指定しないと exec.Cmd は捨ててしまいます。
cause-output-buffered = 出力が最後にまとめて届きます。出力を集める (cmd.Output()) のではなく、ディスクリプタをそのまま渡しましょう (cmd.Stdout = os.Stdout)。
    .why = プロンプトやログは、すぐに見えなければなりません。
cause-netns-not-removed = 名前付きのネットワーク名前空間が残っています（/run/netns のファイルと、その上の nsfs マウント）。エラーのあとも含めて、コンテナが終わったら ip netns delete で削除しましょう。名前が要らなければ、このファイル自体が不要です。
    .why = マウントが残る限り、名前空間とその中のインターフェースも残ります。次のコンテナでは名前がぶつかります。
cause-host-pid-one-moved = ホストの PID 1 がコンテナの cgroup に移されました。コンテナの中で getpid() を呼ぶと 1 になり、その番号をホスト側で cgroup.procs に書いています。親プロセスから見た PID を書きましょう。
    .why = 本物のマシンでは systemd がコンテナの制限を受けることになります。
cause-arguments-eaten = この引数ではコマンドが起動しません。ランタイムが引数の一部（-l、--、--help）を自分のオプションとして取ってしまいます。オプションでない最初の語で解釈をやめ、そこから先はすべてコマンドに渡しましょう。
    .why = `run ls -l` は誰もが最初に打つコマンドです。
cause-hostname-not-set = コンテナの名前が指定と違います（{ $observed }）。新しい UTS 名前空間の中で sethostname を呼び、戻り値を確かめましょう。
    .why = 同じ名前のコンテナはログで見分けられません。
cause-limit-not-set = 制限を指定しましたが、コンテナ自身の cgroup に設定されていません（{ $observed }）。親の cgroup.subtree_control にコントローラーがあるか、cgroup v2 のファイル（memory.max、cpu.max、pids.max）に書いているか、プロセスがそのグループに入っているか、書き込みの失敗で止まるかを確かめましょう。
    .why = 黙って効いていない制限は、制限がないより危険です。誰かがそれを頼りにしています。
cause-limit-miscounted = 制限が { $expected } ではなく { $observed } になっています。単位（カーネルはバイトで数えます）と数値の幅を見直しましょう。
    .why = 50 バイトの制限ならすぐに Kill され、4 GiB は 32 ビットでは 0 になります。
cause-swap-escapes-the-limit = memory.max は設定されていますが、memory.swap.max が設定されていません。制限を超えると、カーネルは Kill せずにページをスワップへ逃がします。memory.swap.max にも 0 を書きましょう。
    .why = スワップのあるマシンでは、いつまでも制限に達しません。
cause-needs-programs-of-the-image = イメージのプログラムがないと、コンテナの準備が元どおりになりません（期待は { $expected }、実際は { $observed }）。イメージの `ip`、`mount`、`hostname` を実行していませんか？ システムコールを使うか、ルートを変える前にホストのものを実行し、結果を確かめましょう。
    .why = それが何をするか、そもそもあるかは、イメージしだいです。
cause-volume-breaks-the-run = ボリュームなしではコマンドが始まり、付けると始まりません ({ $observed })。ランタイムの出力を横に示しています。元のディレクトリは、探す時点で見えていますか？ pivot_root のあとではホストのパスはありません。その前に開くかマウントしましょう。
    .why = bind マウントには、ホストのディレクトリとコンテナのディレクトリの両方が同時に必要です。
cause-volume-not-mounted = ボリュームのファイルがコンテナの中にありません ({ $observed })。古いルートを切り離す前に、コンテナの Mount 名前空間で、新しいルートの中の行き先へ bind マウントし、mount の結果を確かめましょう。
    .why = 行き先の空のディレクトリは、のぞくまではボリュームに見えます。
cause-volume-is-a-copy = コンテナが書いたものがホストに届きません ({ $observed })。コピーしているか、別のものが上に重なっています。bind マウント (MS_BIND) を使いましょう。
    .why = コンテナが終わると、保存したものがすべて失われます。
cause-volume-always-read-only = 頼んでいないのに、ボリュームが読み取り専用です。MS_RDONLY は :ro の付いたボリュームだけに付けましょう。
    .why = 書き込めないデータベースは起動しません。
cause-volume-mode-changed = ホストのディレクトリのモードが { $observed } に変わりました。ホストのファイルはそのままにしておきましょう。
    .why = 0777 では、実行中もそのあとも、マシンの誰もが書き込めます。
cause-volume-deleted = コンテナが終わるとボリュームのデータが消えました。まだマウントされているマウントポイントを、中身ごと削除しています。先に umount し、何か残っていれば断る rmdir で消しましょう。いちばんよいのは、コンテナの Mount 名前空間の中だけでマウントすることです。
    .why = remove_dir_all も os.RemoveAll も、マウントを普通のディレクトリと同じようにたどります。
cause-volume-option-in-path = 名前が ":ro" で終わるディレクトリにマウントされています。値は「元、行き先、オプション」の最大 3 つの部分からなります。
    .why = 指定した行き先は空で、マウントされたものには書き込めます。
cause-volume-read-only-ignored = :ro の付いたボリュームに書き込めます ({ $observed })。MS_BIND はほかのフラグを受け取りません。できたマウントに MS_REMOUNT | MS_BIND | MS_RDONLY でもう一度 mount を呼ぶか、mount_setattr を使いましょう。
    .why = カーネルは MS_BIND と一緒の MS_RDONLY を、エラーを出さずに無視します。
cause-volume-not-recursive = ディレクトリの下にマウントされているものが、コンテナにありません ({ $observed })。MS_BIND に MS_REC を加えましょう。
    .why = MS_REC のない bind マウントは、ファイルシステムをひとつだけ写し、その下のものは写しません。
cause-volume-followed-link = イメージの中のリンクで、ボリュームがコンテナの外に出ました。行き先は新しいルートの中で解決しましょう。openat2 の RESOLVE_IN_ROOT を使うか、pivot_root のあと、古いルートがまだあるうちにマウントします。
    .why = リンクの先（たとえば /etc）を決めるのは、イメージを作った人です。
cause-group-never-joined = コンテナが自分のグループではなく、ランタイムを起動したグループにいます ({ $observed })。ホストから見た PID を文字列で cgroup v2 のグループの cgroup.procs に書き、結果を確かめましょう。
    .why = memory/ID/tasks は cgroup v1 です。PID をバイトのまま書くと EINVAL になります。誰もいないグループの制限は、誰にも効きません。
cause-group-joined-late = コマンドは最初グループの外で動き、あとから入れられました。PID を cgroup.procs に書くまで子プロセスをパイプで待たせるか、CLONE_INTO_CGROUP を使いましょう。
    .why = それまでに使った分は別のグループに数えられ、そのまま変わりません。
cause-controller-not-enabled = コンテナは自分のグループにいますが、そのファイルがありません ({ $observed })。親の cgroup.subtree_control でコントローラーが有効になっていません。上のすべての段に +memory、+cpu、+pids を書きましょう。
    .why = コントローラーのファイルは、親がそれを子に渡しているグループにだけあります。
cause-limit-breaks-the-run = 制限なしではコマンドが始まり、付けると始まりません ({ $observed })。cgroup.procs の EBUSY は、そのグループ自身の cgroup.subtree_control にコントローラーがあるためです。グループは、プロセスを持つか、下のグループにコントローラーを渡すかのどちらかです。EINVAL は、カーネルが受け取らない値です。
    .why = この決まりは "no internal processes" と呼ばれます。
cause-cpu-max-malformed = 制限なしではコマンドが始まり、付けると始まりません ({ $observed })。cpu.max はマイクロ秒の数を 2 つ取り、CPU 半分なら "50000 100000" です。百分率や小数は EINVAL になります。
    .why = 最小の割り当ては 1000 です。50 では足りません。
cause-cpu-max-reversed = cpu.max が CPU { $expected } 個分ではなく { $observed } 個分です。2 つの数の順番が逆です。先に割り当て、次に周期を書きます。
    .why = CPU 半分が 2 個分になりました。
cause-memory-high-is-no-limit = 制限が memory.max ではなく memory.high に書かれています。memory.high は動きを遅くするだけで、超えられないのは memory.max です。
    .why = memory.high を超えても、コンテナは遅くなるだけで動き続けます。
cause-limit-cut-to-32-bits = 制限が 32 ビットに切り詰められました（期待は { $expected }、実際は { $observed }）。最後まで 64 ビットの数（uint64、u64、strtoull）で扱いましょう。
    .why = 4 GiB からは、割り算の余りしか残りません。
cause-limit-error-ignored = 制限を設定できなかったのに、コマンドが動いています。グループのファイルへの書き込みの結果を毎回確かめ、失敗したら止めましょう。
    .why = その制限を頼りにしている人がいます。
cause-group-error-ignored = cgroup を作れなかったのに、コマンドが制限なしで動いています。mkdir の結果を確かめ、失敗したら止めましょう。
    .why = /sys/fs/cgroup が読み取り専用のところ（多くのコンテナの中など）では、どの制限も黙って消えてしまいます。
cause-runtime-in-the-group = ランタイム自身がコンテナのグループに入っています ({ $observed })。cgroup.procs には自分の PID（os.Getpid、"0"）ではなく、子プロセスの PID を書きましょう。
    .why = pids.max や memory.max に数えられ、プロセスのいるグループは削除もできません。
cause-containers-share-a-group = ふたつのコンテナが同じグループにいます ({ $observed })。グループには、コンテナの ID や PID など、それぞれの名前を付けましょう。
    .why = 1 つの制限を分け合い、先に終わったほうが相手のグループを消そうとします。
cause-cgroupfs-writable = コンテナの中の cgroup2 に書き込めます ({ $observed })。MS_RDONLY を付けるか、マウントしないようにしましょう。
    .why = コンテナが自分の制限を上げられます。
cause-controllers-switched-off = ホストの cgroup.subtree_control が変わったまま戻っていません。必要なものを有効にしてそのままにするか、元は無効で、ほかに使う人のいないものだけを戻しましょう。
    .why = コントローラーがなくなると、ほかのすべてのグループの制限が一度に消えます。
cause-option-run-by-a-shell = 値の一部が、ホストで root のコマンドとして実行されました。値を system() や sh -c の行に入れず、語のリストを execve に渡しましょう。
    .why = 引用符で囲んでも防げません。値の中にも引用符を入れられます。
cause-host-file-overwritten = ホストのファイルが上書きされました ({ $observed })。ルートを変える前の /etc/resolv.conf や /etc/hosts はホストのものです。rootfs/etc に書くか、pivot_root のあとで書きましょう。
    .why = マシン全体で名前が引けなくなります。
cause-network-breaks-the-run = ネットワークなしではコマンドが始まり、付けると始まりません ({ $observed })。ランタイムの出力を横に示しています。名前が 15 文字を超えていませんか？ 名前がもう使われていませんか (EEXIST)？ ゲートウェイがネットワークの外ではありませんか？
    .why = ネットワークを作れなかったときは、その理由も伝えましょう。
cause-network-not-made = ネットワークを頼んだのに、コンテナにありません。ペアを作り、片方をコンテナの名前空間に入れ、両方にアドレスを付けて UP し、結果をひとつずつ確かめましょう。
    .why = 手順はワークショップの Step 4 と同じです。
cause-container-end-left-on-host = ケーブルの両端がホストにあります（コンテナの中は { $observed }）。ホストから見たコンテナの PID で片方を移しましょう（`ip link set veth-child netns $P`）。コンテナの中から見た PID の 1 は、ホストの init のことです。
    .why = コンテナの中の getpid() は 1 です。
cause-container-end-down = コンテナ側が DOWN しています。コンテナの名前空間の中で UP しましょう: ip link set eth0 up。
    .why = インターフェースは、別の名前空間に移すと DOWN します。
cause-address-missing = コンテナ側にアドレスがありません。移したあとで、コンテナの名前空間の中で付けましょう。移すとアドレスは消えます。
    .why = アドレスがなければ、入ることも出ることもできません。
cause-prefix-not-as-asked = アドレスは正しいのですが、プレフィックス長が違います（期待は { $expected }、実際は { $observed }）。
    .why = プレフィックスが短すぎると、関係のない相手を隣だと思ってしまいます。
cause-address-not-as-asked = アドレスが { $expected } ではなく { $observed } です。決め打ちしていませんか？
    .why = みな同じアドレスでは、2 つ目のコンテナを 1 つ目と区別できません。
cause-default-route-missing = コンテナにデフォルトルートがありません。両端を UP したあとで、ip route add default via ホストのアドレス を設定しましょう。
    .why = すぐ隣のほかは、すべて "Network is unreachable" になります。
cause-default-route-elsewhere = デフォルトルートの先が { $expected } ではなく { $observed } です。
    .why = そこへ送っても、どこにも届きません。
cause-host-end-without-address = コンテナのデフォルトルートの先のアドレスがホストにありません。ケーブルのホスト側に付けましょう。
    .why = コンテナがそのアドレスの持ち主をたずねても、誰も答えません。
cause-host-address-on-lo = ホストのアドレスが、ケーブルのホスト側ではなく lo に付いています。コンテナのネットワークへの経路がケーブルに向くように、ケーブルの片端に付けましょう。
    .why = カーネルは、アドレスの付いたインターフェースにネットワークへの経路を作ります。
cause-address-not-removed = ホストにアドレスが残っています ({ $observed })。ケーブルの片端に付ければ一緒に消えます。そうでなければ取り消しましょう。
    .why = 次のコンテナのネットワークへの経路が、そこに向いてしまいます。
cause-host-end-down = ケーブルのホスト側が DOWN しています。ip link set 名前 up で UP しましょう。
    .why = 両端が UP して、はじめて通じます。
cause-no-way-in = ホストからコンテナに届きません ({ $observed })。2 つのアドレスは同じネットワークですか？ ホストに、同じネットワークを持つ別のインターフェースはありませんか？
    .why = ホストは自分の経路のとおりに送ります。
cause-network-after-start = コマンドが始まってからネットワークができています。ネットワークができるまで子プロセスをパイプで待たせ、それから exec しましょう。
    .why = 親や子で sleep しても、順番は決まりません。負荷がかかると足りなくなります。
cause-interface-name-fixed = 1 つ目のコンテナにはネットワークがありますが、同時に動かした 2 つ目が始まりません。ホスト側の名前はコンテナの ID から作りましょう。15 文字までですが、みな同じになるところで切ってはいけません。
    .why = インターフェースの名前は、名前空間の中でひとつだけです (EEXIST)。
cause-address-not-unique = ふたつのコンテナのアドレスがどちらも { $observed } です。
    .why = どちらにパケットが届くかは運しだいです。
cause-hardware-address-fixed = ふたつのコンテナの MAC アドレスがどちらも { $observed } です。カーネルに任せるか、すべてのバイトを乱数にしましょう。
    .why = ブリッジの上では、相手のパケットを奪ってしまいます。
cause-network-of-another-removed = あるコンテナが終わると、別のコンテナのネットワークが消えました。この実行で作ったものだけを、その名前で消しましょう。
    .why = 「veth を全部消す」後始末は、隣のものも消してしまいます。
cause-rootfs-stays-mounted = コンテナが終わっても rootfs/ がマウントポイントのままです。ランタイムのマウントがホストに伝わっています。
    .why = そのディレクトリは消すことも置き換えることもできず、実行のたびにマウントが増えます。
cause-cgroup-not-removed = cgroup が残っています。コンテナが終わって空になったら rmdir で削除しましょう（rm -r ではできません）。EBUSY なら cgroup.events が populated 0 になるのを待ちます。
    .why = cgroup v2 は自動では消えません。
cause-link-not-removed = ネットワークインターフェースが残っています。エラーのあとも含めて、veth ペアのホスト側を削除しましょう。
    .why = 次のコンテナで名前がぶつかります。
cause-setting-not-restored = 変更したホストのカーネル設定が元に戻っていません。
    .why = ip_forward などはマシン全体に効きます。
cause-file-left-behind = ホストにファイルが残っています ({ $observed })。エラーのあとも含めて、作ったものは消しましょう。os.Exit は defer を飛ばします。
    .why = 実行ごとの一時ディレクトリがディスクを埋めます。

scenario-ordinary-command = ふつうのコマンドも同じように隔離される
    .what = boxproof のものが rootfs に何も残っていない状態で rootfs の sleep と sh を起動すると、ルートディレクトリ、名前空間、権限が boxproof 自身のプログラムのときと同じです。
    .why = コマンドの名前や rootfs にあるほかのファイルによって変わる隔離は、隔離とは言えません。大切なのは利用者が実行するコマンドです。
    .hand =
        { -held }
        sudo ls -l /proc/$P/ns /proc/$P/root               # /proc/self/ns の番号と違うはず
    .man = namespaces(7), proc_pid_root(5), proc_pid_ns(5)
check-ordinary-command-confined = ふつうのコマンドが独自のルート、PID 名前空間、マウント名前空間を持つ
check-ordinary-command-as-the-probe = boxproof 自身のプログラムとまったく同じように隔離される
cause-ordinary-commands-unconfined = ふつうのコマンドの隔離が boxproof 自身のプログラムと違います: { $observed }。コマンドの名前に関係なく、どのコマンドも同じように隔離してください。
    .why = プログラムの中の条件（コマンドの名前、ファイル、環境変数など）によって、名前空間を作るかどうかが変わっています。どのコマンドも同じ道を通らなければなりません。
message-host-process-killed = コンテナと関係のないホストのプロセスが強制終了されました。
cause-host-process-killed = ランタイムが、自分のものではないホストのプロセスを終了させました。シグナルは clone や fork が返した PID だけに送ってください。
    .why = root で kill(-1) を呼んだり PID を間違えたりすると、そのマシンで動いているほかのプログラムまで終わってしまいます。
message-host-taken-down = （テスト用の）ホストが落とされました: { $observed }
cause-host-taken-down = ランタイムがホスト全体を落としています: { $observed }。ランタイムに reboot(2) や PID 1 へのシグナルは必要ありません。
    .why = 本物のマシンなら、全員の作業が失われます。
message-disk-filled = ホストのファイルシステムに空きがなくなりました: { $observed }
cause-disk-filled = ランタイムが（テスト用の）ホストのファイルシステムをいっぱいにしました。rootfs/ の外には実行に必要なものだけを書き、終わったら消してください。
    .why = ディスクがいっぱいになると、ホストのほかのプログラムもすべて動かなくなります。

scenario-called-by-name = どんな名前で呼ばれてもランタイムが動く
    .what = プログラムを、PATH から見つかる名前だけで呼んだときも、相対パスで呼んだときも、絶対パスで呼んだときと同じようにコンテナが起動します。
    .why = argv[0] を使って自分自身をもう一度実行するプログラムは、argv[0] が名前だけのときや、途中でディレクトリを移ったときに、自分を見つけられないか、別のプログラムを実行してしまいます。
    .hand =
        sudo env PATH="$PWD:$PATH" mycontainer run /bin/true; echo "status $?"
        mkdir -p below; cd below; ln -sfn ../rootfs rootfs
        sudo ../mycontainer run /bin/true; echo "status $?"
    .man = execve(2)、proc_pid_exe(5)、path_resolution(7)
check-called-by-name-through-path = PATH にある名前だけで呼んでもコマンドが動く
check-called-by-name-by-relative-path = 相対パスで呼んでもコマンドが動く

scenario-inner-verb-harmless = 内側用のサブコマンドがホストに影響しない
    .what = child や init などを手で実行しても、ホストのホスト名、マウント、インターフェースは変わりません。
    .why = ワークショップのプログラムは、新しい名前空間の中で自分自身を `child` として呼びます。それをホストで直接呼ぶと、ホストの名前が変わり、rootfs/ に proc がマウントされます。
    .hand =
        sudo ./mycontainer child /bin/true
        hostname; grep rootfs /proc/self/mountinfo         # 元の名前のままで、何も表示されないはず
    .man = sethostname(2)、mount(2)
check-inner-verb-harmless-host-unchanged = ホストの名前、マウント、インターフェースが元のまま

scenario-unknown-option-refused = 知らないオプションはエラーになる
    .what = 存在しないオプションを付けると、ランタイムは 0 以外のステータスで終わり、何も起動しません。
    .why = --memroy 50M と打ち間違えた人は制限をかけたつもりでいます。制限のないコンテナが黙って起動してはいけません。
    .hand =
        sudo ./mycontainer run --no-such-option /bin/true; echo "status $?"
    .man = getopt(3) など
check-unknown-option-refused-status = 終了ステータスが 0 ではない
check-unknown-option-refused-nothing-started = コマンドが起動されない

scenario-exit-status-range = 127 より大きい終了ステータスもそのまま伝わる
    .what = コマンドが 1、くじで決めた 127 より大きい値、255 で終わると、それがランタイムの終了ステータスになります。
    .why = 128 以上はシグナルだけのものではありません。ssh は 255 を返しますし、プログラムはどの値でも返せます。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'exit 200'; echo "status $?"    # 200 のはず
    .man = exit(3)、wait(2)
check-exit-status-range-one = 1 が伝わる
check-exit-status-range-above-127 = 127 より大きいステータスが伝わる
check-exit-status-range-highest = 255 が伝わる

scenario-terminal-passed-on = 端末で起動するとコマンドにも端末がある
    .what = ランタイムを端末で起動すると、コマンドの stdin、stdout、stderr も端末です。
    .why = シェルがプロンプトを出したり、プログラムが一行ずつ表示したりするのは、端末だと分かったときだけです。
    .hand =
        sudo ./mycontainer run /bin/sh -c 'test -t 0 && test -t 1 && test -t 2; echo "status $?"'    # 0 のはず
    .man = isatty(3)、pty(7)
check-terminal-passed-on-terminal-inside = stdin、stdout、stderr が端末である

scenario-terminal-restored = 端末の設定が元に戻る
    .what = ランタイムを起動した端末の設定が、終わったあとも起動前と同じです。
    .why = raw モードのままの端末では、打った文字が見えず、Enter を押しても行が終わりません。`stty sane` と打つか、新しいウィンドウを開くしかなくなります。
    .hand =
        stty -g > before; sudo ./mycontainer run /bin/true; stty -g | diff before -    # 何も出ないはず
    .man = termios(3)、stty(1)
check-terminal-restored-settings-as-before = 端末の設定が前後で同じ

scenario-closed-stdout = stdout を誰も読まなくても異常終了しない
    .what = stdout は、読む側がもういないパイプです。コマンドは何も出力せずに成功するので、ステータスは 0 です。
    .why = `mycontainer run … | head -0` がそのようなパイプです。そこに自分のメッセージを出力するプログラムは、SIGPIPE で終わるか panic して、コマンドのステータスを失います。
    .hand =
        { "{" } sudo ./mycontainer run /bin/sleep 1; echo "status $?" >&2; { "}" } | true    # 0 のはず
    .man = pipe(7)、signal(7)
check-closed-stdout-status = ステータスがコマンドのもの

scenario-runtime-program-hidden = ホストのプログラムがコンテナの中で動いていない
    .what = コンテナのプロセスはすべて rootfs/ のプログラムです。/proc/PID/exe からランタイム自身のファイルに届くものはありません。
    .why = コンテナの中の root は、そのようなプロセスの /proc/PID/exe を開いて、ホストにあるランタイムのファイルを書き換えられます（runc の CVE-2019-5736）。
    .hand =
        { -held }
        sudo nsenter --target $P --pid --mount ls -l /proc/1/exe       # rootfs/ のファイルのはず
    .man = proc_pid_exe(5)、execve(2)
check-runtime-program-hidden-only-programs-of-the-rootfs = すべてのプロセスが rootfs のプログラムである
cause-own-program-not-found = 名前だけで呼ぶと、プログラムが自分自身を見つけられません。argv[0] ではなく /proc/self/exe（Go なら os.Executable()）を実行してください。
    .why = argv[0] は呼んだ人が打った言葉であって、プログラムの場所ではありません。
cause-own-program-lost-by-chdir = 相対パスで呼ぶと、プログラムが自分自身を見つけられません。argv[0] の代わりに /proc/self/exe を実行するか、ディレクトリの移動をあとにしてください。
    .why = chdir、chroot、pivot_root のあとでは、相対パスは別の場所を指します。
cause-inner-verb-callable = 内側用のサブコマンドを外から呼ぶことができ、ホストが変わってしまいます（{ $observed }）。まず自分が PID 1 かどうか（getpid() == 1）を確かめるか、サブコマンドの代わりに秘密のディスクリプターを渡してください。
    .why = ホストの名前空間で sethostname や mount を呼ぶと、ホストそのものが変わります。
cause-unknown-option-ignored = 存在しないオプションが無視され、頼んだはずのものがないままコマンドが動きます。メッセージを出して、0 以外のステータスで終わってください。
    .why = オプションを読む処理の最後の分岐は、エラーでなければなりません。
cause-exit-status-squeezed = 127 より大きいステータスが伝わりません（期待は { $expected }、実際は { $observed }）。符号なしの数で受け取り、シグナルとみなすのは WIFSIGNALED が真のときだけにしてください。
    .why = ステータスは 0 から 255 までの 1 バイトです。符号付きで読むと 200 は負の数になりますし、128 + n がシグナルだというのはシェルの約束ごとにすぎません。
cause-terminal-not-passed-on = ランタイムは端末で起動されたのに、コマンドには端末がありません（{ $observed } が別のものです）。三つのディスクリプターをそのまま渡してください: cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
    .why = 端末とコマンドの間にパイプがあると、プロンプトも色も行編集もなくなります。
cause-terminal-left-changed = 端末の設定を変えたまま、元に戻していません。tcgetattr の結果を取っておき、どの終わり方でも元に戻してください。os.Exit や process::exit は defer も Drop も実行しません。
    .why = 端末は、その前に座っている人のものです。
cause-crashes-on-closed-stdout = stdout を読む人がいないと、ランタイムの終わり方が変わります（{ $observed }）。自分のメッセージは stderr に出し、それに失敗しても panic しないようにしてください。Rust なら println! ではなく writeln! を使います。
    .why = println! は panic し、Go や C のプログラムは SIGPIPE で終わります。
cause-runtime-program-in-container = ランタイム自身のプロセスがコンテナの中に残っています: { $observed }。中には何も残さないか、書き換えられない封印したコピー（memfd_create）から実行してください。
    .why = そのプロセスの /proc/PID/exe は、ホストにあるランタイムのファイルです。
cause-working-directory-kept = pivot_root でルートは変わりましたが、作業ディレクトリがホストのままです。プロセスがディスクリプターで持ち続けているか、そこから移っていません。pivot_root のあとで chdir("/") を呼び、ディレクトリのディスクリプターをすべて閉じてください。
    .why = runc の CVE-2024-21626 は、漏れたディスクリプターから作業ディレクトリに届くというものでした。そこから `cd ..` でホストを歩けます。
cause-arguments-through-a-shell = 引数がシェルを通っています。引用符がなくなり、$HOME や * が置き換えられました。言葉をつないで sh -c に渡すのではなく、そのまま execve に渡してください。
    .why = 間にシェルがあると、空白やセミコロンを含むファイル名が別のコマンドになってしまいます。

## 実習の次のステップ

scenario-capabilities-dropped = コンテナの root はマシンの root ではない
    .what = コマンドの境界 (bounding)、許可 (permitted)、実効 (effective) の各セットに、docker が残すもの以外のケーパビリティがありません。継承 (inheritable) とアンビエント (ambient) は空です。
    .why = ケーパビリティは root の権限を分けたものです。SYS_ADMIN はマウントでき、SYS_MODULE はカーネルにコードを読み込み、SYS_PTRACE はほかのプロセスを読めます。名前空間はこれらを取り上げません。root が実行するプログラムは境界セットにあるものをすべて得るので、そこから落とさなければ落としたことになりません。
    .hand =
        { -held }
        grep Cap /proc/$P/status                     # CapBnd は 00000000a80425fb、CapInh と CapAmb は 0 のはず
        capsh --decode=$(grep CapBnd /proc/$P/status | cut -f2)
    .man = capabilities(7), prctl(2) (PR_CAPBSET_DROP), capset(2), proc_pid_status(5) のマニュアル
check-capabilities-dropped-bounding = 境界セットに docker が残すもの以外がない
check-capabilities-dropped-effective = 実効セットと許可セットにもない
check-capabilities-dropped-not-inherited = 継承セットとアンビエントセットが空である

scenario-capability-option = ひとつのケーパビリティを頼むと、それだけが与えられる
    .what = ランタイムのオプションでケーパビリティをひとつ指定すると、コマンドの実効セットはちょうどそれだけになります。
    .why = プログラムに与えるものは、必要な最小限がいちばん安全です。すべてを落とし、ひとつだけ加えます。
    .hand =
        sudo ./mycontainer run --cap-drop ALL --cap-add SYS_NICE /bin/grep Cap /proc/self/status
    .man = capabilities(7) のマニュアル
check-capability-option-the-one-asked-for = 指定したケーパビリティがある
check-capability-option-no-other = ほかのものはない

scenario-no-new-privileges = setuid のプログラムで権限が増えない
    .what = コマンドに no_new_privs が設定されています。
    .why = setuid やファイルケーパビリティのついたプログラムは、実行した人に新しい権限を与えます。二度と戻せない 1 ビットがそれを止め、execve はどちらも無視するようになります。
    .hand =
        { -held }
        grep NoNewPrivs /proc/$P/status              # 1 のはず
    .man = prctl(2) (PR_SET_NO_NEW_PRIVS) のマニュアル, https://docs.kernel.org/userspace-api/no_new_privs.html
check-no-new-privileges-set = no_new_privs が設定されている

scenario-groups-cleared = 呼び出し元のグループが中に入らない
    .what = 補助グループを持って起動されたランタイムが、それをコマンドに渡しません。
    .why = グループはファイルへの入り口です。docker のソケット、ディスク、ログなどがあり、ホストのボリュームにはそのどれもが含まれうるのです。
    .hand =
        sudo setpriv --groups 4242 ./mycontainer run /bin/grep Groups /proc/self/status     # 空のはず
    .man = setgroups(2), credentials(7) のマニュアル
check-groups-cleared-no-group-of-the-caller = コマンドが呼び出し元のグループに属していない

scenario-seccomp-filters = だれにも必要のないシステムコールは、どの番号でも拒否される
    .what = seccomp フィルターが有効です。keyctl は 64 ビットの番号でも 32 ビットの番号でも拒否され、unshare でも clone でも clone3 でもユーザー名前空間を作れません。
    .why = システムコールはどれもカーネルへの入り口です。keyctl は名前空間と関係がなく、鍵束はマシンのものです。自分のユーザー名前空間があれば、カーネルがその root に見せるすべてに手が届きます。番号しか見ないフィルターは 32 ビットの呼び出しで、clone3 より古いフィルターは clone3 で通り抜けられます。
    .hand =
        { -held }
        grep Seccomp: /proc/$P/status                # 2 のはず
        sudo ./mycontainer run /bin/unshare -U true  # Operation not permitted のはず
    .man = seccomp(2), prctl(2) (PR_SET_SECCOMP), user_namespaces(7), keyrings(7) のマニュアル
check-seccomp-filters-in-force = フィルターが有効である
check-seccomp-filters-keyring-refused = keyctl が拒否される
check-seccomp-filters-keyring-refused-by-its-old-number = 32 ビットの呼び出しでも keyctl が拒否される
check-seccomp-filters-user-namespace-refused = どの呼び出しでもユーザー名前空間を作れない

cause-capabilities-not-dropped = ケーパビリティがひとつも落とされていません。コンテナの root が、マシンの root と同じことをできてしまいます。exec の前に境界セットから落としてください (prctl の PR_CAPBSET_DROP をひとつずつ)。capset だけでは exec で元に戻ります。
    .why = exec のあと、root は境界セットにあるものをすべて持ちます。capabilities(7) を参照してください。
cause-bounding-set-kept = ケーパビリティは capset だけで落とされ、境界セットにはすべて残っています。capset の前に、境界セットからも落としてください (prctl の PR_CAPBSET_DROP をひとつずつ)。
    .why = 境界セットにあるものは戻ってきます。no_new_privs がなければ exec のときに root へ、またファイルケーパビリティを持つファイルを実行した人へ渡ります。
cause-newer-capabilities-kept = ケーパビリティの一覧が古いままです。{ $observed } は Linux 5.8 と 5.9 で加わりました。/proc/sys/kernel/cap_last_cap まで数え、残すものの一覧にないものを落としてください。
    .why = カーネルには新しいケーパビリティが加わります。BPF と PERFMON はカーネルのメモリ全体に届きます。
cause-capabilities-by-denylist = いくつかは落とされていますが、{ $observed } が残っています。落とすものではなく、残すものを列挙してください。
    .why = 拒否リストでは残りがわかりません。DAC_READ_SEARCH があれば、ハンドルでホストのファイルを開けました ("Shocker")。
cause-capabilities-inheritable = 継承セットまたはアンビエントセットが空ではありません ({ $observed })。どちらも空にしてください。
    .why = CVE-2022-24769。継承セットがあると、イメージの中のファイルケーパビリティつきプログラムが、どのユーザーにもその権限を与えます。
cause-capability-breaks-the-run = ケーパビリティのオプションを付けるとコマンドが始まりません。付けなければ始まります。ランタイムが出力したものを横に示します。
    .why = ケーパビリティを手放すのは最後、exec の直前です。それまでは準備に必要です。
cause-capability-option-ignored = 指定したケーパビリティがありません ({ $observed })。残すセットに加え、境界セットにも残してください。
    .why = 読むだけで忘れられるオプションは、ないより悪いものです。
cause-capability-not-alone = 指定したもの以外に { $observed } があります。`drop ALL` は、何かを加える前にセットを空にします。
    .why = すべてを落としてひとつ加える人は、残りがないことを当てにしています。
cause-no-new-privileges-not-set = no_new_privs が設定されていません ({ $observed })。exec の前に prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) を呼び、戻り値を確かめてください。
    .why = これがないと、イメージやボリュームの setuid プログラムで、一般ユーザーがコンテナの root になれます。
cause-callers-groups-kept = 呼び出し元の補助グループ { $observed } がコマンドに残っています。setgid と setuid の前に、空の setgroups を呼んでください。そのあとでは許可されません。
    .why = clone も exec も、だれも変えないものと同じように、グループを引き継ぎます。
cause-seccomp-missing = システムコールのフィルターがありません (Seccomp: { $observed })。libseccomp や seccompiler で作り、no_new_privs のあと、exec の直前に prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER) で設定してください。
    .why = コンテナから抜け出せたカーネルの不具合の多くは、コンテナに必要のないシステムコールにありました。
cause-seccomp-lets-pass = フィルターは有効ですが、拒否すべき呼び出しを通しています ({ $observed })。その呼び出しをフィルターに加え、SECCOMP_RET_ERRNO に errno を付けて答えてください。errno が 0 では成功したように見えます。
    .why = 0 を返して何もしない呼び出しは、エラーなら対処できたはずのプログラムを誤らせます。
cause-seccomp-refuses-otherwise = 呼び出しが EPERM でも ENOSYS でもない形 ({ $observed }) で拒否されています。
    .why = この 2 つなら、プログラムは対処を知っています。
cause-seccomp-ignores-architecture = フィルターは 64 ビットの番号の keyctl だけを拒否し、32 ビットの呼び出し (int 0x80) を通しています。まず struct seccomp_data の `arch` を見て、自分のもの以外を拒否してください。
    .why = 同じ番号でも、別のアーキテクチャでは別の呼び出しです。
cause-seccomp-without-newer-calls = unshare と clone ではユーザー名前空間を作れませんが、clone3 では作れます。clone3 には ENOSYS で答えてください。フラグはフィルターの見られないメモリの中にあり、C ライブラリは clone に切り替えます。
    .why = カーネルには、古いことをする新しい呼び出しが加わります。clone3、openat2、fsopen、move_mount などです。

scenario-oci-lifecycle = create が準備し、start が実行し、state がどこまで進んだかを知っている
    .what = create のあと、コマンドを実行しているプロセスはありません。state は created、start のあとはコンテナの PID とともに running、終わったあとは stopped を示します。delete のあとには何も残りません。
    .why = create と start の間に、ランタイムを呼び出す側はコンテナをネットワークやグループに入れます。頼りになるのは state だけです。返されない名前は二度と使えません。
    .hand =
        sudo ./mycontainer create --bundle b c1; sudo ./mycontainer state c1      # created のはず
        sudo ./mycontainer start c1; sudo ./mycontainer state c1                  # running のはず
        sudo ./mycontainer kill c1 KILL; sudo ./mycontainer delete c1
    .man = https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-lifecycle-created-not-running = create のあと、コマンドはまだ動いていない
check-oci-lifecycle-state-created = state が created を示す
check-oci-lifecycle-state-running = start のあと、state が running を示す
check-oci-lifecycle-process-in-state = state がコンテナのプロセス、ID、バンドルを示す
check-oci-lifecycle-state-stopped = 終わったあと、state が stopped を示す
check-oci-lifecycle-nothing-left = delete のあとに何も残らない

scenario-oci-order = 時機の違う操作は拒否される
    .what = 使用中の ID、動いているコンテナの delete と start、止まったコンテナの kill はエラーで終わり、コンテナは動き続けます。
    .why = 呼び出す側は、ランタイムの答えに従って動きます。偽の成功は、だれも知らないコンテナを残します。
    .hand =
        sudo ./mycontainer delete c1; echo $?        # 動いている間は 0 以外のはず
    .man = https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-order-id-taken = 同じ ID の 2 つ目のコンテナが拒否される
check-oci-order-delete-of-running = 動いているコンテナの delete が拒否される
check-oci-order-start-of-running = 動いているコンテナの start が拒否される
check-oci-order-still-runs = そのあとも動き続けている
check-oci-order-kill-of-stopped = 止まったコンテナの kill が拒否される

scenario-oci-kill = kill が指定されたシグナルを送る
    .what = kill ID USR1 がコンテナの最初のプロセスに届きます。
    .why = コンテナに何かを伝える手段は kill です。終了、設定の再読み込み、ログの書き出しなどです。
    .hand =
        sudo ./mycontainer kill c1 USR1
    .man = kill(1), signal(7) のマニュアル, https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
check-oci-kill-signal-arrives = SIGUSR1 が届く

scenario-oci-id = ID でランタイムのディレクトリの外に出られない
    .what = ID が ../x の create は拒否され、ランタイムのディレクトリの隣には何もできません。
    .why = ID はパスの一部になり、コンテナを頼む人が決めるものです。
    .hand =
        sudo ./mycontainer --root /run/c create --bundle b ../x; ls /run/x         # 拒否され、何もないはず
    .man = path_resolution(7) のマニュアル
check-oci-id-refused = そのような ID が拒否される
check-oci-id-nothing-outside = 外に何も作られない

scenario-oci-process = コマンドがバンドルの指定どおりに動く
    .what = コマンドの作業ディレクトリ、環境変数、ユーザー、グループ、umask が config.json のとおりです。
    .why = 読むだけで忘れられた項目は、root で動くコマンドや、他人の環境変数を持つコマンドになります。
    .hand =
        grep -E 'Uid|Gid|Groups|Umask' /proc/$P/status; readlink /proc/$P/cwd
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#process, credentials(7) のマニュアル
check-oci-process-working-directory = 作業ディレクトリが process.cwd である
check-oci-process-environment = 環境変数がちょうど process.env である
check-oci-process-user = ユーザーとグループが process.user のとおりである
check-oci-process-groups = ほかのグループも指定どおりである
check-oci-process-umask = umask も指定どおりである

scenario-oci-file-systems = ルート、マウント、覆いがバンドルの指定どおりである
    .what = root.path は config.json の隣にあり、root.readonly とオプション ro が効き、maskedPaths のパスからは何も見えず、readonlyPaths のパスは独立したマウントになり、存在しないパスは読み飛ばされます。
    .why = バンドルはマシンからマシンへ移ります。中のパスはバンドル自身のものです。覆いたいものがこのカーネルにないこともよくあります。
    .hand =
        sudo grep -E ' / | /data ' /proc/$P/mountinfo      # ro のはず
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#root, mount(2), proc_pid_mountinfo(5) のマニュアル
check-oci-file-systems-root-beside-the-bundle = root.path が config.json の隣から探される
check-oci-file-systems-root-read-only = ルートが読み取り専用である
check-oci-file-systems-mount-read-only = ro のついたマウントが読み取り専用である
check-oci-file-systems-masked = maskedPaths のパスから何も見えない
check-oci-file-systems-read-only-path = readonlyPaths のパスが読み取り専用である

scenario-oci-hooks = フックが呼ばれ、結果が尊重される
    .what = createRuntime フックは標準入力からコンテナの state を受け取ります。フックが失敗すれば create も失敗します。
    .why = 呼び出す側は、フックでネットワークやデバイスをつなぎます。フックの失敗したコンテナは、頼んだものではありません。
    .hand =
        jq '.hooks.createRuntime[0] |= (.path = "/bin/sh" | .args = ["sh", "-c", "cat > /tmp/state"])' b/config.json > n
        mv n b/config.json; sudo ./mycontainer create --bundle b c1; cat /tmp/state
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks
check-oci-hooks-called-with-the-state = フックが標準入力から state を受け取る
check-oci-hooks-failure-heeded = フックが失敗すれば create も失敗する

scenario-oci-config = 知らないものは読み飛ばし、できないものは拒否する
    .what = 仕様にないプロパティは何も変えません。コンソールソケットのない端末は create が拒否します。
    .why = 拡張や後の版がプロパティを加えます。だれも受け取らない端末では、コマンドが永遠に待ちます。
    .hand =
        jq '.process.terminal = true' b/config.json > n; mv n b/config.json
        sudo ./mycontainer create --bundle b c1; echo $?   # 0 以外のはず
    .man = https://github.com/opencontainers/runtime-spec/blob/main/config.md#extensibility
check-oci-config-unknown-property = 知らないプロパティが読み飛ばされる
check-oci-config-terminal-without-console = コンソールソケットのない端末が拒否される

message-create-refused = create が失敗しました ({ $observed })。
cause-create-refused = 問題のないバンドルの create が失敗しました ({ $observed })。出力されたものを横に示します。
    .why = ほかの操作はどれも、作られたコンテナを必要とします。
message-state-unreadable = state が状態を出力しませんでした: { $observed }
cause-state-unreadable = state が ociVersion、id、status、bundle を持つ JSON オブジェクトを出力していません ({ $observed })。標準出力にそれだけを出力してください。
    .why = 読むのはプログラムです。
cause-create-runs-the-command = create がもうコマンドを実行しています。コンテナのプロセスを exec の直前で待たせ (たとえば FIFO で)、start が書き込んだら進めてください。
    .why = その間に、呼び出す側はコマンドに必要なものを用意します。
cause-state-stale = state が { $expected } のはずのところで { $observed } を示しています。以前に書いたファイルではなく、プロセスが生きているか (PID と開始時刻) をカーネルに尋ねてください。
    .why = プロセスが終わったとき、ファイルを書き直す人はいません。
cause-state-of-another = state は { $observed } を示していますが、カーネルによれば { $expected } です。コンテナの最初のプロセスの、ホストから見た PID を記録してください。ランタイム自身や途中のプロセスの PID ではありません。
    .why = kill はその PID に送られます。別のプロセスに割り当てられているかもしれません。
cause-delete-leaves-something = delete のあとに { $observed } が残っています。cgroup、次に状態を消し、失敗したら報告してください。
    .why = 残ったものは積み重なり、使用中の ID は再び使えません。
cause-id-used-twice = その ID のコンテナがあるのに create が成功しています。ディレクトリを mkdir で作り、すでにあれば失敗させ、それを答えにしてください。
    .why = 同じ ID の 2 つのコンテナのうち、ひとつは失われ、だれにも止められません。
cause-verb-out-of-order = 時機の違う操作が成功しています (ステータス { $observed })。先に状態を見てください。start は created、kill は created か running、delete は stopped を必要とします。
    .why = 呼び出す側は、言われたことを信じます。
cause-kill-misses = シグナルが届きませんでした。kill の 2 番目の語を名前または番号として読み、コンテナの最初のプロセスに送ってください。
    .why = 名前空間の PID 1 は、ハンドラーのないシグナルを無視します。別のシグナルでは何も起きません。
cause-id-is-a-path = .. を含む ID が受け入れられています。ID は英数字と '_'、'+'、'-'、'.' に限り、. と .. は拒否してください。
    .why = ランタイムは root です。そのような名前で作ったり消したりするものは、ホストの何にでもなりえます。
cause-user-before-group = 別のユーザーとグループでは create が失敗し、グループが 0 なら成功します。setuid が setgid より先です。補助グループ、グループ、ユーザーの順に設定してください。
    .why = root でなくなると、グループを変えられません。
cause-process-cwd-ignored = 作業ディレクトリが process.cwd ({ $expected }) ではなく { $observed } です。pivot_root のあとで chdir を呼んでください。
    .why = プログラムはそこでファイルを探します。
cause-process-env-ignored = 環境変数が { $observed } で、ちょうど process.env にはなっていません。process.env を execve に渡してください。
    .why = ランタイム自身の環境変数も、既定値も、そこには属しません。
cause-process-user-ignored = ユーザーとグループが process.user ({ $expected }) ではなく { $observed } です。exec の前に setgid と setuid を呼んでください。
    .why = 一般ユーザーのはずのコマンドが root で動きます。
cause-process-groups-ignored = ほかのグループが process.user.additionalGids ({ $expected }) ではなく "{ $observed }" です。setgid の前に、それらを setgroups で設定してください。
    .why = コマンドはそのグループで、ボリュームの中を読みます。
cause-process-umask-ignored = umask が process.user.umask ({ $expected }) ではなく { $observed } です。exec の前に umask を呼んでください。
    .why = コマンドの作るファイルをだれが読めるかが、これで決まります。
cause-root-not-beside-the-bundle = root.path が絶対パスなら create は成功し、相対パスでは失敗します。config.json の隣から探してください。
    .why = 呼び出す側の作業ディレクトリは決まっていません。
cause-missing-path-not-passed-over = maskedPaths や readonlyPaths に存在しないパスがあると create が失敗します。ENOENT は読み飛ばしてください。
    .why = パスの一覧は、あらゆるカーネルのために作られています。
cause-root-not-read-only = ルートが読み取り専用ではありません ({ $observed })。最後に / を MS_REMOUNT、MS_BIND、MS_RDONLY で再マウントしてください。
    .why = バインドマウントを作る呼び出しの MS_RDONLY は効きません。
cause-mount-options-ignored = オプション ro のマウントが読み取り専用ではありません ({ $observed })。オプションはフラグ (ro、nosuid、nodev、noexec) か、ファイルシステムへの語です。区別し、バインドマウントはそのフラグで再マウントしてください。
    .why = バインドマウントを作る呼び出しの MS_RDONLY は効きません。
cause-masked-path-visible = maskedPaths のパスが見えています ({ $observed })。ファイルには /dev/null をバインドし、ディレクトリには空の読み取り専用 tmpfs をマウントしてください。
    .why = 覆うのはマシン全体のものです。
cause-read-only-path-ignored = readonlyPaths のパスが読み取り専用のマウントになっていません ({ $observed })。自分自身にバインドし、MS_RDONLY で再マウントしてください。
    .why = 読み取り専用のはずのものに書き込めます。
cause-hooks-not-called = createRuntime フックが呼ばれていません。名前空間ができたあと、コマンドの前に、ホスト側でひとつずつ実行してください。
    .why = ネットワークやデバイスはフックでつながれます。
cause-hook-without-state = フックの標準入力に state がありません ({ $observed })。state が出力するのと同じ JSON を書き込み、閉じてください。
    .why = どのコンテナのために呼ばれたのか、フックにはわかりません。
cause-hook-failure-ignored = フックが失敗したのに create が成功しています。ステータスを確かめ、コンテナを終わらせて失敗してください。
    .why = フックが与えるはずだったものが、コンテナにありません。
cause-unknown-property-refused = 仕様にないプロパティがあると create が失敗します。読み飛ばしてください。
    .why = "Runtimes MUST NOT generate an error"。拡張や後の版がプロパティを加えます。
cause-terminal-without-console = process.terminal が true で、コンソールソケットがないのに create が成功しています。拒否してください。
    .why = 端末の手前側を持つ人がいなくなります。

scenario-layers-stacked = レイヤーが重なっている
    .what = 2 つのレイヤーにあるファイルは、上のほうが見えます。いちばん下だけにあるものは見え、上のレイヤーで消されたものは見えません。
    .why = イメージはレイヤーでできていて、それぞれがひとつの手順の変更です。ファイルを消した手順は、その名前のキャラクターデバイス 0:0 (whiteout) でそれを記します。
    .hand =
        mkdir l1; echo higher > l1/file; sudo mknod l1/gone c 0 0; touch rootfs/gone
        sudo ./mycontainer run --image rootfs --image l1 /bin/ls /
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-stacked-lowest-there = いちばん下のレイヤーのファイルが見える
check-layers-stacked-highest-wins = ファイルを持ついちばん上のレイヤーが優先される
check-layers-stacked-deleted-stays-deleted = whiteout で消されたものが見えない

scenario-layers-unchanged = コンテナがイメージを変えない
    .what = コンテナがレイヤーのファイルを変更し、新しいファイルを作ります。ホストのレイヤーは前のままです。
    .why = レイヤーは、そのイメージのすべてのコンテナと、ほかのイメージで共有されます。
    .hand =
        sudo ./mycontainer run --image rootfs --image l1 /bin/sh -c 'echo x > /file'; cat l1/file    # 前のままのはず
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-unchanged-written = コンテナの中ではファイルを変更できる
check-layers-unchanged-layers-as-before = レイヤーが前のままである

scenario-layers-apart = 同じイメージの 2 つのコンテナが互いのファイルを見ない
    .what = あるコンテナが書いたものは同じレイヤーの別のコンテナから見えず、両方が終わるとホストに何も残りません。
    .why = 書き込み可能なレイヤーはコンテナ自身のものです。ひとつの upperdir を 2 つのオーバーレイで使うと、動作は未定義だとカーネルは言います。
    .hand =
        sudo ./mycontainer run --image rootfs /bin/sh -c 'echo x > /mine; sleep 100' &
        sudo ./mycontainer run --image rootfs /bin/ls /mine                         # 見つからないはず
    .man = https://docs.kernel.org/filesystems/overlayfs.html
check-layers-apart-own-writes = 自分の書いたものが見える
check-layers-apart-not-the-others = 別のコンテナからは見えない
check-layers-apart-gone-afterwards = ホストに何も残っていない

scenario-layers-paths-odd = レイヤーのディレクトリにはどんな名前も使える
    .what = 名前にコロン、カンマ、空白、バックスラッシュを含むディレクトリのレイヤーも、ほかと同じように重なります。
    .why = オーバーレイのオプションでは、コロンがパスを、カンマがオプションを終わらせます。レイヤーのダイジェストにはコロンがあります (sha256:…)。
    .hand =
        mkdir 'a:b,c'; touch 'a:b,c/file'; sudo ./mycontainer run --image rootfs --image 'a:b,c' /bin/ls /file
    .man = mount(8) のマニュアル, https://docs.kernel.org/filesystems/overlayfs.html
check-layers-paths-odd-file-is-there = そのファイルがコンテナにある

scenario-layers-many = レイヤーがたくさんあってもよい
    .what = パスを合わせると 1 ページより長くなる 60 のレイヤーのイメージが重なります。
    .why = mount(2) のオプションは 1 ページ、4 KiB までです。Docker は 127 のレイヤーまで認め、そのために短い名前を付けています。
    .hand =
        for n in $(seq 60); do mkdir l$n; set -- "$@" --image l$n; done
        sudo ./mycontainer run --image rootfs "$@" /bin/ls /
    .man = mount(2), fsconfig(2) のマニュアル
check-layers-many-highest-wins = 60 のうちいちばん上のレイヤーが優先される

cause-layers-break-the-run = これらのレイヤーではコマンドが始まりません。rootfs/ だけなら始まります。ランタイムが出力したものを横に示します。
    .why = upperdir と workdir は、同じファイルシステムにあり、互いに含まない 2 つのディレクトリでなければならず、workdir は空でなければなりません。
cause-layers-not-stacked = レイヤーのファイルがコンテナにありません ({ $observed })。すべてのレイヤーをコロンで区切って lowerdir= に書いてください。
    .why = レイヤーの欠けたイメージは、別のイメージです。
cause-layers-reversed = 下のレイヤーが優先されています。lowerdir= ではいちばん上のレイヤーを最初に書きます。
    .why = あとの手順の変更がなかったことになります。
cause-whiteouts-not-applied = 上のレイヤーが消したファイルが見えています。whiteout を知っている OverlayFS で重ねるか、コピーするときに適用してください。
    .why = イメージから消されたもの、たとえば鍵には、消された理由があります。
cause-layers-not-writable = コンテナが自分のファイルを変更できません ({ $observed })。オーバーレイに upperdir と workdir を与えてください。
    .why = upperdir のないオーバーレイは読み取り専用です。
cause-layers-written-to = コンテナの書いたものがレイヤーにあります: { $observed }。レイヤーは lowerdir= に、コンテナ専用の空のディレクトリを upperdir= に書いてください。
    .why = 次のコンテナにもそれが見えてしまいます。
cause-writable-layer-shared = 別のコンテナの書いたものが見えています ({ $observed })。それぞれに専用の upperdir と workdir を与えてください。
    .why = upperdir の共有について、カーネルは動作が未定義だとしています。
cause-overlay-left-behind = コンテナのあとに { $observed } が残っています。コンテナのマウント名前空間の中でマウントし、書き込み可能なレイヤーを最後に消してください。そこの tmpfs に置けば、ひとりでに消えます。
    .why = 残ったものは積み重なります。
cause-layer-path-cut = パスにコロン、カンマ、空白、バックスラッシュのあるレイヤーが重なっていません。その前にバックスラッシュを置くか、リンクで普通の名前を付けてください。
    .why = lowerdir= はコロンごとに、オプションはカンマごとに切られます。
cause-too-many-layers = 60 のレイヤーは多すぎるようです。ひとつのディレクトリにリンクで短い名前を付け、そこからマウントするか、fsconfig の lowerdir+ (Linux 6.5) を使ってください。
    .why = mount(2) が受け取るオプションは 1 ページまでで、残りは切り捨てられます。

scenario-bridge-option = 指定したブリッジにコンテナがつながる
    .what = コンテナには指定したサブネットのアドレスとデフォルトルートがあります。ケーブルのホスト側はその名前のブリッジに差さっていて、ブリッジは UP し、デフォルトルートの先のアドレスを持っています。ホストとコンテナは互いに届きます。
    .why = ブリッジはスイッチです。すべてのコンテナのケーブルがそこに集まり、ホスト自身の場所はブリッジのアドレスです。
    .hand =
        { -held }                                          # オプションを付けて
        ip -details link show master br0                   # ケーブルのホスト側
        ip address show br0                                # UP、ゲートウェイのアドレス
        sudo nsenter --target $P --net ip route            # default via そのアドレス
    .man = ip-link(8) のマニュアル, https://docs.kernel.org/networking/bridge.html
check-bridge-option-linked = コンテナに lo のほかのインターフェースがある
check-bridge-option-address = サブネットのアドレスが付いている
check-bridge-option-default-route = デフォルトルートがある
check-bridge-option-plugged-in = ケーブルがその名前のブリッジに差さっている
check-bridge-option-bridge-is-up = ブリッジが UP している
check-bridge-option-host-address = デフォルトルートの先のアドレスがブリッジに付いている
check-bridge-option-way-in = ホストからコンテナに届く
check-bridge-option-way-back = コンテナからホストに届く

scenario-bridge-neighbours = 同じブリッジの 2 つのコンテナが互いに届く
    .what = 2 つのコンテナを同じブリッジにつなぎます。アドレスは別々で、互いに届きます。
    .why = ブリッジはそのためにあります。あるコンテナのプログラムが、別のコンテナのデータベースと話します。
    .hand =
        { -held }                                          # オプションを付けて、2 つ
        sudo nsenter --target $P --net nc 10.77.0.3 9          # 相手のアドレス。connection refused なら届いている
    .man = https://docs.kernel.org/networking/bridge.html
check-bridge-neighbours-addresses-differ = アドレスが違う
check-bridge-neighbours-reaches-the-other = 1 つ目から 2 つ目に届く
check-bridge-neighbours-reached-by-the-other = 2 つ目から 1 つ目に届く

scenario-bridge-many-at-once = 同時に始まる 4 つのコンテナに 4 つのアドレスが付く
    .what = 4 つのコンテナを、互いに待たずに同じブリッジで始めます。すべてが始まり、アドレスは別々です。
    .why = 空いているアドレスを探してから書き留めるまでの間に、ほかの誰かも探すかもしれません。ブリッジを作るときも同じで、あとから来たものは、もうあるブリッジを見つけます。
    .hand =
        for n in 1 2 3 4; do sudo ./mycontainer run --network bridge /bin/ip address & done; wait
    .man = flock(2) のマニュアル
check-bridge-many-at-once-all-start = すべてが始まる
check-bridge-many-at-once-addresses-differ = アドレスが違う

scenario-bridge-way-out = ブリッジのコンテナがホストとして外に出られる
    .what = ホストの向こうに別のネットワークがあります。コンテナはそこのサーバーに届き、サーバーからはホストが呼んだように見えます。
    .why = 外では誰も 10.x への道を知りません。ホストがパケットを転送し (ip_forward)、送信元を自分のアドレスに書き換える (マスカレード) ので、返事がホストに戻ってきます。
    .hand =
        sysctl net.ipv4.ip_forward                         # コンテナが動いている間は 1
        sudo nft list ruleset                              # または sudo iptables -t nat -S。masquerade のルールがある
    .man = nft(8), iptables-extensions(8) のマニュアル
check-bridge-way-out-host-reaches-it = ホストからサーバーに届く
check-bridge-way-out-container-reaches-it = コンテナからサーバーに届く
check-bridge-way-out-seen-as-the-host = サーバーにはホストのアドレスが見える

scenario-bridge-outlives-the-first = 残ったコンテナのためにブリッジが残る
    .what = 同じブリッジの 2 つのコンテナのうち、1 つ目が終わります。ブリッジはまだあり、2 つ目は前と同じくホストとして外に出られます。
    .why = ブリッジとルールは、つながっている全員のものです。最初に終わったものが片付けると、ほかのコンテナが切り離されます。
    .hand =
        { -held }                                          # オプションを付けて 2 つ動かし、1 つ目を終わらせる
        ip link show br0; sudo nft list ruleset            # どちらもまだある
    .man = nft(8) のマニュアル
check-bridge-outlives-the-first-way-out-before = 両方が動いている間、2 つ目は外に出られる
check-bridge-outlives-the-first-hardware-address-stays = ケーブルが増減してもブリッジの MAC アドレスが変わらない
check-bridge-outlives-the-first-bridge-stays = 1 つ目が終わってもブリッジがあり、UP している
check-bridge-outlives-the-first-way-out-after = 2 つ目はそのあともホストとして外に出られる

scenario-bridges-apart = あるブリッジが終わっても別のブリッジに影響しない
    .what = 2 つのコンテナが 2 つのブリッジにつながっています。片方が終わっても、もう片方はホストとして外に出られます。
    .why = 転送はマシン全体でひとつの設定です。それを切ると、すべてのネットワークで切れます。
    .hand =
        { -held }                                          # オプションを付けて 2 つのブリッジで動かし、2 つ目を終わらせる
        sysctl net.ipv4.ip_forward                         # まだ 1
    .man = https://docs.kernel.org/networking/ip-sysctl.html
check-bridges-apart-way-out-before = 両方が動いている間、1 つ目は外に出られる
check-bridges-apart-way-out-after = もう片方が終わっても外に出られる

scenario-bridge-no-residue = ブリッジのものが何も残らない
    .what = ブリッジのコンテナが 1 つ終わったあとも、同時に 2 つ動いて終わったあとも、ホストのインターフェース、パケットフィルターのルール、設定、ファイルは前のままです。前から転送が有効だったなら、有効のままです。
    .why = 残ったルールは、次にそのアドレスを持つものに効きます。実行のたびに追加されるルールは積み重なります。前からルーターだったホストは、ルーターのままでなければなりません。
    .hand =
        sudo nft list ruleset > before; ip link >> before; sysctl net.ipv4.ip_forward
        sudo ./mycontainer run --network bridge /bin/true
        (sudo nft list ruleset; ip link) | diff before -; sysctl net.ipv4.ip_forward
    .man = nft(8) のマニュアル, https://docs.kernel.org/networking/ip-sysctl.html
check-bridge-no-residue-after-one = 1 つのコンテナのあとに何も残っていない
check-bridge-no-residue-after-two = 同時に動いた 2 つのあとに何も残っていない
check-bridge-no-residue-forwarding-kept = 前から有効だった転送が有効のままである

scenario-bridge-clash = ほかの誰かのブリッジとネットワークに手を出さない
    .what = 指定した名前のブリッジがホストにすでにある場合と、そのサブネットのアドレスがホストの別のインターフェースにある場合です。どちらも実行は拒否され、ほかの誰かのブリッジは前のままです。
    .why = 自分で作っていないブリッジは消してはいけません。また、ひとつのネットワークが 2 つのインターフェースにあると、ホストはその片方にしか送りません。
    .hand =
        sudo ip link add br0 type bridge
        sudo ./mycontainer run --network bridge,name=br0 /bin/true; echo $?     # 0 ではない
        ip link show br0                                   # まだある
    .man = ip-link(8), ip-route(8) のマニュアル
check-bridge-clash-name-refused = 使われている名前は拒否される
check-bridge-clash-others-bridge-as-before = ほかの誰かのブリッジは前のままである
check-bridge-clash-subnet-refused = ホストの別の場所にあるサブネットは拒否される

scenario-bridge-filter-fails = ルールを作れなければコンテナが始まらない
    .what = ルールを作るプログラム (nft、iptables) が失敗します。すると実行も失敗します。ランタイムがそれらを使わず、コンテナがホストとして外に出られるなら、それでもかまいません。
    .why = ネットワークが半分だけのコンテナは、あとで原因の分かりにくいところで失敗します。名前が引けない、接続がタイムアウトする、などです。
    .hand =
        mkdir broken; printf '#!/bin/sh\nexit 1\n' > broken/nft; chmod +x broken/nft
        sudo env PATH=$PWD/broken:$PATH ./mycontainer run --network bridge /bin/true; echo $?     # 0 ではない
    .man = nft(8), iptables(8) のマニュアル
check-bridge-filter-fails-refused-or-complete = 実行が拒否されるか、ネットワークが完全である

scenario-bridge-publish = 公開したポートが、コンテナの生きている間だけ中につながる
    .what = ホストの向こうからホストのポートを呼ぶと、コンテナの中のソケットが答えます。コンテナが終わると、同じブリッジに別のコンテナがいても、ホストは接続を拒否します。
    .why = 外では誰もコンテナのアドレスを知りません。ホストのポートがその代わりです。コンテナより長く残ったルールは、誰もいないところか、次にそのアドレスをもらったものにつながります。
    .hand =
        sudo ./mycontainer run --network bridge --publish 8080:80 /bin/nc -l -p 80 &
        nc 192.0.2.1 8080                                  # 別のマシンから、ホストのアドレスに
    .man = nft(8), iptables-extensions(8) のマニュアル
check-bridge-publish-reached = ポートがコンテナの中につながる
check-bridge-publish-closed-afterwards = コンテナが終わるとポートが閉じる

cause-bridge-breaks-the-run = ブリッジを頼むとコマンドが始まりません。頼まなければ始まります。ランタイムが出力したものを横に示します。
    .why = ブリッジ、ケーブル、ルールを作った結果を、ひとつずつ確かめましょう。
cause-second-on-the-bridge-fails = 1 つ目のコンテナはブリッジにつながりますが、2 つ目が始まりません。ブリッジがすでにあっても、ランタイム自身のものなら誤りではありません。
    .why = すでにある名前のインターフェースを作ろうとすると EEXIST になります。
cause-second-bridge-fails = 1 つのブリッジは動きますが、その横の 2 つ目が動きません。ブリッジ、テーブル、状態にそれぞれの名前を付けましょう。
    .why = 決まった名前のものは、ひとつしか置けません。
cause-bridge-network-not-made = ブリッジを頼んだのに、コンテナに lo のほかのインターフェースがありません。ペアを作り、片方をブリッジに差し、もう片方をコンテナの名前空間に入れましょう。
    .why = ケーブルのないブリッジは誰もつなぎません。
cause-address-outside-the-subnet = コンテナのアドレス ({ $observed }) が期待 ({ $expected }) と違います。指定されたサブネットの空いているアドレスを、そのプレフィックス長で付けましょう。
    .why = ネットワークが違うと、ゲートウェイを通るほかに道がありません。
cause-bridge-not-made = 指定した名前のブリッジがありません: ip link add 名前 type bridge。
    .why = その名前を教わった人は、その名前のブリッジを探します。
cause-cable-not-plugged-in = ケーブルのホスト側がブリッジに差さっていません (実際は { $observed }、期待は { $expected }): ip link set VETH master 名前。
    .why = 差さっていなければ、アドレスがいくつあってもパケットは届きません。
cause-bridge-down = ブリッジが DOWN しています: ip link set 名前 up。
    .why = 新しいインターフェースは DOWN しています。ケーブルが UP していても通じません。
cause-bridge-without-address = コンテナのデフォルトルートの先のアドレスが、ホストのどこにもありません。ブリッジに付けましょう: ip address add ゲートウェイ/プレフィックス dev 名前。
    .why = コンテナがゲートウェイの持ち主をたずねても誰も答えず、"No route to host" (EHOSTUNREACH) になります。
cause-gateway-not-the-bridge = ゲートウェイのアドレスが、ブリッジではなく { $observed } に付いています。ブリッジ自身に付けましょう。
    .why = カーネルは、アドレスの付いたインターフェースにネットワークへの経路を作ります。
cause-neighbours-apart = あるコンテナから別のコンテナに届きません ({ $observed })。2 本のケーブルは同じブリッジに差さっていますか？ 2 つのアドレスにはサブネットのプレフィックス長が付いていますか？
    .why = 同じブリッジの隣は、経路もルールもなしに ARP で見つかります。
cause-forwarding-off = ホストがコンテナのパケットを転送していません ({ $observed })。net.ipv4.ip_forward が 0 です。最初のコンテナが始まるときに有効にしましょう。
    .why = ルーターでないホストは、自分あてでないパケットを捨てます。
cause-no-way-out = 転送は有効なのに、コンテナがホストの向こうに届きません ({ $observed })。ブリッジへのデフォルトルートはありますか？ 転送を捨てるルールはありませんか？
    .why = パケットは、コンテナの経路、ホストの転送、フィルターのルールを順に通ります。
cause-not-masqueraded = ホストの向こうで、コンテナ自身のアドレスが見えています (実際は { $observed }、期待は { $expected })。サブネットから出るものをマスカレードしましょう: nft add rule ip T postrouting ip saddr サブネット oifname != 名前 masquerade。
    .why = 外では誰もそのアドレスへの道を知らず、返事が戻りません。
cause-containers-collide-on-the-bridge = 同時に始めた 4 つのコンテナのうち、動いていないものがあります (期待は { $expected }、実際は { $observed })。ブリッジ、アドレス、ルールを作ったり変えたりする間は、ロックを持ちましょう。
    .why = 順に始めれば動きます。2 つ目が、1 つ目の作りかけのものを見てしまうのです。
cause-address-taken-twice = 同時に始めたコンテナのアドレスが同じです。空いているアドレスを探してから書き留めるまで、ロックを持ち続けましょう。
    .why = どちらも、書かれる前に見たのです。
cause-bridge-hardware-address-changes = ブリッジの MAC アドレスが、新しいケーブルのものに変わりました (期待は { $expected }、実際は { $observed })。作るときに専用のものを付けましょう: ip link add 名前 address 02:42:0a:01:02:01 type bridge。
    .why = 付けなければ、差さっているもののうちいちばん小さい MAC アドレスになります。それが変わると、ARP テーブルの古い項目が消えるまで、コンテナは前のアドレスに送り続けます。
cause-shared-bridge-removed = あるコンテナの終わりに、別のコンテナのつながっているブリッジが消されました。つながっている数を数え、最後のものが消すようにしましょう。
    .why = ブリッジが消えると、すべてのケーブルが抜けます。
cause-shared-rule-removed = あるコンテナが終わると、残ったコンテナが前のように外に出られません (実際は { $observed }、期待は { $expected })。ルールは両方のものです。最後のものが消すようにしましょう。
    .why = サブネットのルールは、その中の全員のものです。
cause-rule-of-another-removed = あるブリッジの終わりが、別のブリッジに影響しました (実際は { $observed }、期待は { $expected })。自分のブリッジのルールだけを消しましょう。
    .why = `flush` やブリッジの名前のないルールは、全員に効きます。
cause-forwarding-switched-off = コンテナの終わりに転送が無効にされましたが、ほかに必要としているものがあります。前から有効だったかどうかを覚えておき、すべてのブリッジの最後のものが終わるときだけ無効にしましょう。
    .why = ip_forward はマシン全体に効きます。
cause-rule-not-removed = パケットフィルターのルールが残っています ({ $observed })。エラーのあとも含めて、追加したものは消しましょう。自分専用のテーブルなら、まるごと消せます。
    .why = 残ったルールは、次にそのアドレスを持つものに効きます。
cause-rule-added-twice = 1 つのコンテナのあとには何も残りませんが、同時に 2 つ動いたあとにはルールが残っています ({ $observed })。まだないときだけ追加するか、自分のテーブルをまるごと置き換えましょう。
    .why = `iptables -A` は実行のたびに追加し、`iptables -D` はひとつしか消しません。
cause-name-clash-unchecked = その名前のブリッジがホストにすでにあるのに、そのまま実行されました。自分で作っていないブリッジを自分のものとして扱ってはいけません。EEXIST を無視しないでください。
    .why = そのブリッジに別のアドレスが付き、最後に消されてしまいます。
cause-bridge-of-another-taken = ほかの誰かのブリッジが変わりました (実際は { $observed }、前は { $expected })。作るときの EEXIST を無視しないでください。
    .why = そこにつながっていたものが、すべて切り離されます。
cause-subnet-clash-unchecked = そのサブネットのアドレスがホストの別のインターフェースにあるのに、そのまま実行されました。先にホストのアドレスと比べ、重なるなら拒否しましょう。
    .why = ひとつのネットワークが 2 つのインターフェースにあると、ホストはその片方にしか送りません。
cause-filter-failure-ignored = ルールを作るプログラムが失敗したのに、ルールのないままコンテナが動いています ({ $observed })。終了ステータスを確かめ、実行を終わらせましょう。
    .why = 警告は誰も読みません。コンテナのプログラムは、来ない返事を待つことになります。
cause-publish-breaks-the-run = ポートを公開するとコマンドが始まりません。ブリッジだけなら始まります。ランタイムが出力したものを横に示します。
    .why = nft と iptables は、受け付けなかったルールを表示します。
cause-port-not-published = ホストのポートがコンテナの中につながりません ({ $observed })。経路を決める前に、宛先をコンテナのアドレスとポートに書き換えましょう (prerouting の dnat)。
    .why = ホスト自身は、そこで誰の接続も待っていません。
cause-port-outlives-container = コンテナが終わったのに、ホストのポートが前の場所につながったままです (期待は { $expected }、実際は { $observed })。ルールはブリッジとではなく、コンテナと一緒に消しましょう。
    .why = 次にそのアドレスをもらったコンテナに、呼び出しが届いてしまいます。

## 人が確かめるべきこと（減点はしない）

flag-ran-another-runtime = このプログラムは、ほかのコンテナランタイムやサンドボックスに仕事を任せています。
flag-ran-isolation-tools = このプログラムは、仕事の一部をシステムのコマンドに任せています。ワークショップの手順でもそうします。許されるかどうかは授業の決まりによります。
flag-ran-an-unknown-program = ランタイム自身のものでも、コンテナのものでも、マシンのものでもないプログラムが実行されました。
flag-ran-a-forbidden-program = 授業の決まりで使えないプログラムが実行されました。
flag-exec-log-incomplete = 実行されたプログラムが多すぎて、その記録が完全ではありません。
flag-names-the-harness = このプログラムには、試験でしか使われない言葉が含まれています。
flag-touched-the-harness = ランタイムとは関係のないホストのプロセスが、停止、トレース、または強制終了されました。
flag-declares-policy = boxproof.toml の [policy] で、ランタイムの設計によるものだと宣言されています。そのための不合格は採点されず、得点にもなりません。その設計が認められるかどうかは授業の決まりによります。
flag-left-a-process = ランタイムがホストにプロセスを残しています。
flag-knows-the-probe = ふつうのコマンドの隔離が、boxproof 自身のプログラムと違います。
