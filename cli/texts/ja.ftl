# コマンドライン自身の日本語の文章。

ui-word-pass = 合格
ui-word-fail = 不合格
ui-word-skip = 対象外
ui-word-error = 未検査
ui-word-inconclusive = 不定

ui-tier-core = 基本 (core)
ui-tier-robust = 堅牢 (robust)
ui-tier-next = 発展 (next)
ui-tier-hardened = 強化 (hardened)

ui-result-pass = 調べたものはすべて合格です。
ui-result-fail = まだ動いていないものがあります。
ui-result-error = ここでは調べられないものがありました。
ui-result-both = まだ動いていないものがあり、ここでは調べられないものもありました。

ui-seed = シード { $seed }、rootfs: { $rootfs }
ui-rootfs-lacks = 注意: この rootfs には { $commands } がありません。ワークショップではコンテナの中で使います
ui-tally = { $tier } { $passed }/{ $planned }
ui-points = 得点 { $score }/{ $max }

ui-command = コマンド
ui-expected = 期待
ui-observed = 実際
ui-evidence = 証拠
ui-printed = 画面の表示
ui-stderr = stderr 出力
ui-hint = ヒント
ui-hand = 手で確認
ui-hint-more = （ワークショップ { $step }、詳しくは { $command }）
ui-hint-again = 上の { $scenario } と同じです

ui-causes = 考えられる原因（可能性の高い順）
ui-explains = 関係するシナリオ: { $scenarios }（詳しくは { $command }）
ui-not-examined = 調べられなかったもの（ランタイムのせいではありません）
ui-inconclusive = 結果が定まらないもの
ui-skipped = 対象外
ui-residue = （テスト用の）ホストに残ったもの
ui-flags = 人が確かめるべきこと（減点はしません）
ui-again = もう一度同じ試験をするには: { $command }

ui-head-result = 結果
ui-head-scenario = シナリオ
ui-head-what = 内容
ui-head-took = 時間
ui-left-out = ジョブサマリーには 1 MiB までしか書けないため、{ $count } か所を省きました。すべては結果の JSON にあります。
ui-more-causes = （ほかに考えられる原因が { $count } 個あります）
ui-not-graded = プログラムとは関係のない理由で、調べられないものがありました。得点は付けず、減点もしません。もう一度採点してもらってください。
ui-explanations-omitted = 数が多すぎるため、説明を省きました。すべては結果の JSON にあります。
ui-classroom50-variable = 環境変数 { $name } がありません。この形式は、これを設定する Classroom 50 のランナーの中で書き出します。
ui-one-result = この形式には結果を 1 つしか入れられません。ファイルを 1 つだけ指定するか、クラス全体なら html か csv を選んでください。
ui-no-result = { $path } は { $schema } ではありません（{ $error }）。boxproof exam --json で書き出したファイルを指定してください。

ui-isolation-microvm = 仮想マシンの中で実行
ui-isolation-vm = 仮想マシンの中で実行
ui-isolation-host = このマシンで実行
ui-isolation-none = 実行されず

ui-host = ホスト
ui-container = コンテナ
ui-shared = ホストと共有
ui-none = なし
ui-drawing-namespaces = 名前空間
ui-drawing-memory = 上限までのメモリ
ui-drawing-cable = ホストとコンテナをつなぐケーブル
ui-namespaces-told = コンテナ専用: { $own }。ホストと共有: { $shared }。
ui-memory-steps = 確保の回数 →
ui-memory-told = メモリは上限 { $limit } MiB のうち { $highest } MiB まで増え、そこでカーネルがプロセスを SIGKILL で終わらせました（oom_kill { $counted }）。
ui-memory-not-killed = メモリは { $highest } MiB まで確保されましたが、上限は { $limit } MiB です。カーネルはプロセスを終わらせませんでした（oom_kill { $counted }）。
ui-cable-told = ホストから送ったものがコンテナに届きました:「{ $line }」
ui-cable-cut = ケーブルはありますが、ホストから送ったものは届きませんでした。
ui-cable-not-moved = もう一方の端がコンテナのネットワーク名前空間に入らず、ホスト側に残っています。

ui-next = 次にすること
ui-next-nothing = 直すところはもうありません。
ui-then = そのあとで
ui-explained-by-this = これで説明できるもの
ui-more = 詳しくは
ui-kernel-showed = カーネルから見えたもの
ui-gaps = 調べなかったもの
ui-about = このレポートについて
ui-about-program = プログラム
ui-about-commit = コミット
ui-about-committed = コミット日時
ui-about-sha256 = SHA-256 の値
ui-about-build = ビルド
ui-about-when = 日時
ui-about-where = 場所
ui-about-with = 使ったもの
ui-about-again = もう一度

ui-class-title = boxproof: クラス全体
ui-class-heading = クラス全体: { $count } 人
ui-class-pass = すべて合格 { $count } 人
ui-class-fail = まだの人 { $count } 人
ui-class-error = 採点できず { $count } 人
ui-class-median = 得点の中央値 { $points }
ui-class-ungraded = 本人とは関係のない理由で、{ $count } 人を採点できませんでした。得点は付いていません。もう一度採点してください。
ui-class-causes = 多い原因
ui-class-of = { $total } 人中 { $count } 人
ui-class-more = ほかに { $count } 個
ui-class-map = 学生とシナリオ
ui-class-caption = 行は学生、列はシナリオです
ui-class-find = 学生
ui-class-show = 表示
ui-class-show-all = 全員
ui-class-show-pass = すべて合格した人
ui-class-show-fail = まだの人
ui-class-show-error = 採点できなかった人
ui-class-show-late = 遅れた人
ui-class-show-flagged = 人が確かめるべき人
ui-class-failing = 不合格のシナリオ
ui-class-failing-any = 指定しない
ui-class-shown = { $total } 人中 { $shown } 人を表示
ui-class-student = 学生
ui-class-points = 得点
ui-class-late = 遅れ
ui-class-is-late = 遅れ
ui-class-no-points = なし
ui-class-flagged = 人が確かめるべきこと
ui-class-hardest = 難しいシナリオ
ui-class-passed-of = { $total } 人中 { $count } 人が合格
ui-late-minutes = { $count } 分
ui-late-hours = { $count } 時間
ui-late-days = { $count } 日

ui-list-title = シナリオ一覧
ui-list-made = `boxproof list --markdown` で作ったものです。文章は scenarios/texts/ja.ftl にあります。
ui-scenario-or-cause = シナリオや原因
ui-checks = チェック
ui-explain-why = なぜ大切か
ui-explain-hand = 手で確認するには
ui-explain-man = 読むもの

## doctor

doctor-common = どの試験にも必要なもの
doctor-vm = 仮想マシン（既定。root は不要）に必要なもの
doctor-local = --backend local（このマシンで root として実行）に必要なもの
doctor-met = よし
doctor-lacking = 不足
doctor-note = 参考
doctor-mend = 直すには: { $command }
doctor-rootfs = ルートファイルシステム
doctor-rootfs-is = { $what } あり
doctor-cache = キャッシュの空き
doctor-cache-is = { $path } に { $free } MiB の空き
doctor-cache-mend = 空きを作るか、XDG_CACHE_HOME を大きなディスクに向ける
doctor-image = podman か docker の alpine イメージ
doctor-image-none = なし。busybox で代用します
doctor-qemu = QEMU エミュレーター
doctor-kernel = 仮想マシンのカーネル
doctor-kernel-cached = { $package } がキャッシュにあります
doctor-kernel-download = { $package } を最初の試験のときにダウンロードします
doctor-kernel-no-apt = このディストリビューションには取得に使う apt がなく、キャッシュにもありません
doctor-snapshot = 仮想マシンのスナップショット
doctor-snapshot-is = あります。試験は一瞬で始まります
doctor-snapshot-none = まだありません。最初の試験で仮想マシンを起動して作ります
doctor-kvm = KVM による高速化
doctor-kvm-works = 使えます
doctor-kvm-trial = あります。本当に動くかは最初の起動で分かります
doctor-kvm-not = 使いません: { $reason }。代わりのソフトウェアエミュレーションは時間がかかります
doctor-root = root 権限
doctor-root-is = このプロセスは root です
doctor-root-not = このプロセスは uid { $uid } です
doctor-cgroup2 = cgroup v2 のマウント
doctor-cgroup2-at = { $path } にあります
doctor-cgroup2-none = マウントされていません
doctor-controllers = cgroup v2 のコントローラー
doctor-controllers-all = あるもの: { $controllers }
doctor-controllers-lack = 不足: { $controllers }。これを使うシナリオは「未検査」になります
doctor-swap = スワップ
doctor-swap-is = { $size } MiB あります
doctor-swap-none = なし。memory.swap.max の漏れが現れません
doctor-shared = / の伝播 (propagation)
doctor-shared-yes = shared（systemd と同じ）です
doctor-shared-no = private です。テスト用の shared な / を自分で作るので問題ありません
doctor-verdict-both = どちらのバックエンドでもすべて調べられます。
doctor-verdict-vm = 仮想マシンですべて調べられます: boxproof exam ./mycontainer
doctor-verdict-local = このマシンですべて調べられます: sudo boxproof exam --backend local ./mycontainer
doctor-verdict-none = すべてを調べられるバックエンドがまだありません。足りないものと直し方は上のとおりです。

## 試験できないプログラム

program-not-found = { $path }: そのファイルはありません。まずランタイムをビルドして、できたプログラムのパスを指定してください
program-is-a-directory = { $path }: boxproof.toml のないディレクトリです。中のプログラムのパスを指定するか、[runtime] に program = "mycontainer" と書いた boxproof.toml を置いてください
program-is-special = { $path }: 通常のファイルではありません。プログラムのパスを指定してください
program-unreadable = { $path } を読めません: { $error }。boxproof を実行するユーザーが読めるようにしてください
program-without-run-bit = { $path }: 実行ビットが付いていません。付けるには: chmod +x { $path }
program-is-empty = { $path }: 空のファイルです。ビルドに失敗していませんか？ もう一度ビルドしてください
program-is-text = { $path }: 1 行目に `#!...` のないテキストファイルなので、カーネルは実行できません。スクリプトなら 1 行目を #!/bin/sh にして実行ビットを付け (chmod +x { $path })、ソースコードならビルドして、できたプログラムのパスを指定してください
program-is-none = { $path }: Linux で実行できる形式ではありません ({ $seems })。Linux のプログラムのパスを指定してください
program-is-foreign = { $path }: { $builtFor } 用にビルドされていますが、このマシンは { $machine } です。このマシンでビルドするか、このマシン用にビルドしてください (Go: GOOS=linux GOARCH={ $goarch }、Rust: --target { $arch }-unknown-linux-musl)
program-is-damaged = { $path }: ELF ファイルが壊れています: { $detail }。もう一度ビルドするか、コピーし直してください
program-with-windows-line-ends = { $path }: 1 行目の行末が CR（Windows の改行）なので、カーネルはそれをインタープリター名の一部とみなします。取り除くには: sed -i 's/\r$//' { $path }
program-interpreter-missing = { $path }: 1 行目にある { $interpreter } がこのマシンにありません。インストールするか、1 行目を直してください
program-loader-missing = { $path }: ローダー { $loader } がこのマシンにありません。別のディストリビューションでリンクされたプログラムです。このマシンでビルドするか、静的リンクにしてください
program-interpreters-too-deep = { $path }: このスクリプトのインタープリターもまたスクリプトで、4 段より深くなっています。1 行目にはプログラムを書いてください
program-library-missing = { $path }: ライブラリ { $library } が、ローダーの探すどの場所にもありません。インストールするか、静的リンクでビルドしてください
program-leads-out = { $path }: これは { $directory } の外を指すリンクです。プログラムそのものをそこに置いてください
program-language-not-in-vm = { $path }: { $language } で動くプログラムですが、仮想マシンに { $language } がありません。{ $language } の入った、捨ててもよいマシンで試験してください: sudo boxproof exam --backend local { $path }

## 仮想マシンでのビルド

ui-building = 仮想マシンでビルドしています: { $command }
build-failed = 仮想マシンで `{ $command }` がステータス { $status } で終わりました。そこにはネットワークがないので、必要なものは一緒に置いてください (cargo vendor、go mod vendor)
build-killed = 仮想マシンで `{ $command }` がシグナル { $signal } で終わりました
build-out-of-memory = `{ $command }` はビルドに使えるメモリ ({ $memory }) を使い切ったので、止められました
build-timed-out = `{ $command }` は { $seconds } 秒たっても終わらなかったので、止められました
build-no-program = `{ $command }`: そのプログラムは仮想マシンにないか、実行できません。このディストリビューションのパッケージのうち、あるのは次のものです: { $packages }
build-from-too-much = プログラムの横にあるファイルが大きすぎてビルドできません。上限は { $size } です。ビルドに必要のないものを取り除いてください
build-too-large = `{ $command }` でできたものが、調べられる大きさ ({ $size }) を超えています
build-made-nothing = `{ $command }` は正常に終わりましたが、boxproof.toml がプログラムとして挙げている { $program } がありません

## course

course-warning = 注意:{ " " }
course-near = { $near } のことですか。
course-no-toml = TOML として読めません: { $reason }
course-unknown-key = ここに `{ $word }` というキーはありません。
course-no-scenario = `{ $word }` というシナリオはありません。
course-no-step = `{ $word }` というステップはありません。
course-no-check = `{ $word }` というチェックはありません。チェックは「シナリオ.チェック」の形で書きます。一覧は `boxproof list --json` で見られます。
course-no-id = コースには名前が必要です。[course] の下に id = "..." と書いてください
course-no-part = このコースはシナリオを 1 つも選んでいません。[[part]] に tiers、steps、scenarios のどれかを書いてください
course-wants-text = `{ $key }` は引用符で囲んだ文字列にしてください
course-wants-texts = `{ $key }` は { $key } = ["一つ目", "二つ目"] のような文字列のリストにしてください
course-wants-table = `{ $key }` は [{ $key }] というテーブルにしてください
course-wants-tables = `{ $key }` は [[{ $key }]] というテーブルの並びにしてください
course-wants-boolean = `{ $key }` は true か false にしてください
course-wants-whole = `{ $key }` は整数にしてください
course-wants-number = `{ $key }` は数にしてください
course-wants-time = `{ $key }` は 2026-11-30T23:59:59+09:00 のような日時を引用符なしで書いてください
course-wants-choice = 「{ $word }」は使えません。使えるのは { $known } です
course-wants-size = `{ $key }` は "50M" のように、{ $least } から { $most } MiB までの大きさにしてください
course-wants-address = "{ $example }" のような IPv4 アドレスにしてください
course-wants-program = パスの付かないプログラム名か、{ $kinds } のどれかにしてください
course-out-of-range = `{ $key }` は { $least } から { $most } までにしてください
course-deadline = 締め切りには 2026-11-30T23:59:59+09:00 のように UTC との時差が必要です
course-two-networks = { $host } と { $container } は、同じネットワークの別々のアドレスにしてください
course-program-twice = `{ $program }` が allow と forbid の両方にあります
course-points-disagree = `{ $scenario }` のチェックの合計は { $sum } 点ですが、シナリオは { $points } 点です
course-check-not-chosen = `{ $check }` のシナリオを、このコースは選んでいません
course-need-not-chosen = 前提の `{ $scenario }` を、このコースは選んでいません
course-needs-circle = 互いに前提になっているため、どれも採点できません: { $circle }
course-counted-twice = `{ $scenario }` が 2 回選ばれています。先に書かれたほうで 1 回だけ数えます
course-worth-nothing = `{ $scenario }` は 0 点です
course-too-few-points = `{ $scenario }` は { $points } 点をチェック { $checks } 個で分けるため、{ $without } 個が 0 点になります。点を増やすか、partial = false と書いてください
course-part-empty = この part はシナリオを 1 つも選んでいません
course-amounts-to = シナリオ { $scenarios } 個、合計 { $points } 点
message-prerequisite-failed = 「{ $scenario }」に合格していないため、数えません。

## class

class-missing = { $path } には何もありません。未提出の場合は、先生が採点してください
class-dangling = { $path } は何も指していないシンボリックリンクです
class-loop = { $path } のシンボリックリンクが循環しています
class-too-large = { $path } は、このコースで調べる上限の { $most } MiB より大きいです
class-too-many = ファイルが、調べる上限の { $most } 個より多くあります
class-left = 残り約 { $time }
class-late = 遅れ
class-graded = 採点済み { $graded } 人、調べられなかった人 { $ungraded } 人
class-changes = 前の結果から変わったもの
class-cause-program = プログラムが変わりました
class-cause-grader = boxproof、コース、またはシードが変わりました
class-cause-kernel = カーネルが変わりました
class-cause-nothing = ほかには何も変わっていません。試行ごとに結果が違います
message-submission-unusable = 提出物を調べられません: { $reason }

vagrant-not-started = vagrant を起動できません: { $detail }。Vagrant とプロバイダーをインストールするか (sudo apt-get install vagrant-libvirt)、それらなしで試験してください: --backend vm
vagrant-no-file = { $directory }: ここにも、vagrant/ にも、上のディレクトリにも Vagrantfile がありません。ディレクトリを指定してください: --vagrant DIR
vagrant-refused = { $command }: { $detail }
vagrant-several = { $directory }/Vagrantfile には複数のマシン ({ $names }) が定義されています。boxproof には専用のマシンが 1 つ必要です。別の Vagrantfile のあるディレクトリを指定してください: --vagrant DIR
vagrant-inaccessible = { $directory } のマシンはなくなっています。Vagrant は覚えていますが、プロバイダーにはもうありません。Vagrant に忘れさせてから、もう一度試験してください: cd { $directory } && vagrant destroy -f
vagrant-not-up =
    マシンが起動しませんでした。確かめるには: cd { $directory } && vagrant up。Vagrant の最後の出力:
    { $detail }
vagrant-unreachable = マシンは動いていますが、ssh が応答しません ({ $detail })。再起動してください: cd { $directory } && vagrant reload
vagrant-architecture = マシンは { $machine } ですが、この boxproof と試験対象は { $ours } 用にビルドされています。マシンの中でビルドして試験してください: cd { $directory } && vagrant ssh -c 'cd /vagrant && make exam'
vagrant-no-root = マシンのユーザーがパスワードなしで sudo を使えません。Vagrant 用の box ならどれでも使えるはずです。確かめるには: cd { $directory } && vagrant ssh -c 'sudo -n true'
vagrant-half-provisioned = マシンの準備が終わっていません。provision.sh が最後まで実行されていません。実行するには: cd { $directory } && vagrant provision
vagrant-no-controllers = マシンの cgroup v2 に { $controllers } がありません。カーネルにそれがある box を使ってください (VM_BOX): cd { $directory } && vagrant destroy
vagrant-agent = エージェントをマシンに送れません: { $detail }
ui-vagrant-up = Vagrant のマシンの状態は { $state } です。これから起動し、終わったら元に戻します (--keep で動かしたままにします)
ui-vagrant-up-and-kept = Vagrant のマシンの状態は { $state } です。これから起動し、動かしたままにします
ui-vagrant-awaiting = 別の boxproof がこの Vagrant のマシンで試験しています。終わるまで待ちます
vagrant-not-put-back = マシンを元の状態に戻せませんでした。動いたままになっています。自分で止めてください: cd { $directory } && vagrant halt。Vagrant の最後の出力:
ui-vagrant-connecting = boxproof を Vagrant のマシンに送っています
ui-github-more = ほかに { $count } 件あります。GitHub が表示する注釈は 1 ステップにつき 10 件までです。すべてはこの実行のサマリーにあります。
