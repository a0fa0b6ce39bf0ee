# The command line's own texts in English.

ui-word-pass = pass
ui-word-fail = FAIL
ui-word-skip = skip
ui-word-error = error
ui-word-inconclusive = unclear

ui-tier-core = core
ui-tier-robust = robust
ui-tier-next = next
ui-tier-hardened = hardened

ui-result-pass = Everything examined passed.
ui-result-fail = Not everything works yet.
ui-result-error = Not everything could be examined here.
ui-result-both = Not everything works yet, and not everything could be examined here.

ui-seed = seed { $seed }, rootfs: { $rootfs }
ui-rootfs-lacks = note: this rootfs has no { $commands }; the workshop uses them inside the container
ui-tally = { $tier } { $passed }/{ $planned }
ui-points = points { $score }/{ $max }

ui-command = command
ui-expected = expected
ui-observed = observed
ui-evidence = evidence
ui-printed = you see
ui-stderr = stderr
ui-hint = hint
ui-hand = by hand
ui-hint-more = (workshop { $step }; more: { $command })
ui-hint-again = the same as in { $scenario } above

ui-causes = Likely causes, most likely first
ui-explains = explains { $scenarios } (more: { $command })
ui-not-examined = Not examined, for reasons that are not the runtime's
ui-inconclusive = Unclear: attempts disagree
ui-skipped = Skipped
ui-residue = Left behind on the (testbed's) host
ui-flags = For a person to look at (no points are deducted)
ui-again = The same once more: { $command }

ui-head-result = Result
ui-head-scenario = Scenario
ui-head-what = What it says
ui-head-took = Took
ui-left-out = Left out here, because a job summary holds no more than 1 MiB: { $count } parts. The result itself (JSON) holds everything.
ui-more-causes = (and { $count } more likely causes)
ui-not-graded = Not everything could be examined, for reasons that are not the program's. No points are given or taken: please have it graded again.
ui-explanations-omitted = The explanations were left out because there were too many. The result itself (JSON) holds everything.
ui-classroom50-variable = The environment lacks { $name }: this format is written inside Classroom 50's runner, which sets it.
ui-one-result = This format holds one result. Give one file, or choose html or csv for a whole class.
ui-no-result = { $path } is no { $schema } ({ $error }). Give a file that boxproof exam --json has written.

ui-isolation-microvm = in a virtual machine
ui-isolation-vm = in a virtual machine
ui-isolation-host = on this machine
ui-isolation-none = nowhere

ui-host = host
ui-container = container
ui-shared = shared with the host
ui-none = none
ui-drawing-namespaces = Namespaces
ui-drawing-memory = Memory up to the limit
ui-drawing-cable = The cable between host and container
ui-namespaces-told = Of its own: { $own }. Shared with the host: { $shared }.
ui-memory-steps = steps →
ui-memory-told = Memory climbed to { $highest } MiB of { $limit } MiB; then the kernel ended the process by SIGKILL (oom_kill { $counted }).
ui-memory-not-killed = Memory was taken up to { $highest } MiB, the limit was { $limit } MiB, and the kernel did not end the process (oom_kill { $counted }).
ui-cable-told = The container received what the host sent: “{ $line }”
ui-cable-cut = The cable is there, but what the host sent did not arrive.
ui-cable-not-moved = The other end did not get into a network namespace of the container: it lies beside the first, on the host.

ui-next = What to do next
ui-next-nothing = Nothing is left to mend.
ui-then = After that
ui-explained-by-this = It explains
ui-more = More:
ui-kernel-showed = What the kernel showed
ui-gaps = Not examined
ui-about = About this report
ui-about-program = program
ui-about-commit = commit
ui-about-committed = committed
ui-about-sha256 = SHA-256
ui-about-build = build
ui-about-when = when
ui-about-where = where
ui-about-with = with
ui-about-again = once more

ui-class-title = boxproof: the class
ui-class-heading = The class: { $count } students
ui-class-pass = { $count } passed everything
ui-class-fail = { $count } not yet
ui-class-error = { $count } not graded
ui-class-median = median { $points } points
ui-class-ungraded = { $count } could not be graded, for reasons that are not theirs. They have no points and should be graded again.
ui-class-causes = Commonest causes
ui-class-of = { $count } of { $total }
ui-class-more = and { $count } more
ui-class-map = Students and scenarios
ui-class-caption = A row for each student, a column for each scenario
ui-class-find = Student
ui-class-show = Show
ui-class-show-all = everybody
ui-class-show-pass = who passed everything
ui-class-show-fail = who did not yet
ui-class-show-error = who could not be graded
ui-class-show-late = who was late
ui-class-show-flagged = who should be looked at
ui-class-failing = Failing
ui-class-failing-any = any scenario or none
ui-class-shown = { $shown } of { $total } shown
ui-class-student = Student
ui-class-points = Points
ui-class-late = Late
ui-class-is-late = late
ui-class-no-points = none
ui-class-flagged = for a person to look at
ui-class-hardest = Hardest scenarios
ui-class-passed-of = { $count } of { $total } passed
ui-late-minutes = { $count } min
ui-late-hours = { $count } h
ui-late-days = { $count } d

ui-list-title = The scenarios
ui-list-made = Made by `boxproof list --markdown`; the texts stand in scenarios/texts/en.ftl.
ui-scenario-or-cause = scenario or cause
ui-checks = Checks
ui-explain-why = Why it matters
ui-explain-hand = By hand
ui-explain-man = To read

## doctor

doctor-common = For every exam
doctor-vm = For the virtual machine (the default; needs no root)
doctor-local = For --backend local (runs the program as root on this machine)
doctor-met = ok
doctor-lacking = LACKS
doctor-note = note
doctor-mend = mend: { $command }
doctor-rootfs = a root file system
doctor-rootfs-is = { $what }
doctor-cache = room in the cache
doctor-cache-is = { $free } MiB free in { $path }
doctor-cache-mend = free some space, or point XDG_CACHE_HOME at a larger disk
doctor-image = alpine image of podman or docker
doctor-image-none = none; busybox takes its place
doctor-qemu = QEMU
doctor-kernel = kernel for the virtual machine
doctor-kernel-cached = { $package } is in the cache
doctor-kernel-download = { $package } will be downloaded at the first exam
doctor-kernel-no-apt = this distribution has no apt to download one with, and none is in the cache
doctor-snapshot = snapshot of the virtual machine
doctor-snapshot-is = there is one, so an exam begins in a fraction of a second
doctor-snapshot-none = none yet; the first exam boots a machine and makes one
doctor-kvm = KVM
doctor-kvm-works = usable
doctor-kvm-trial = offered; the first boot shows whether it truly works
doctor-kvm-not = not used: { $reason }. Software emulation takes its place, which is slower
doctor-root = root
doctor-root-is = this process is root
doctor-root-not = this process is uid { $uid }
doctor-cgroup2 = cgroup v2
doctor-cgroup2-at = mounted on { $path }
doctor-cgroup2-none = not mounted
doctor-controllers = controllers of cgroup v2
doctor-controllers-all = { $controllers }
doctor-controllers-lack = missing: { $controllers }; the scenarios about them would be "error"
doctor-swap = swap
doctor-swap-is = { $size } MiB
doctor-swap-none = none; a missing memory.swap.max would not show
doctor-shared = propagation of /
doctor-shared-yes = shared, as systemd makes it
doctor-shared-no = private; the testbed makes its own shared /, so nothing is missing
doctor-verdict-both = Both backends can examine everything.
doctor-verdict-vm = The virtual machine can examine everything: boxproof exam ./mycontainer
doctor-verdict-local = This machine itself can examine everything: sudo boxproof exam --backend local ./mycontainer
doctor-verdict-none = No backend can examine everything yet. What is lacking stands above, with what mends it.

## Programs that cannot be examined

program-not-found = { $path }: there is no such file. Build your runtime first, then give the path of the built program
program-is-a-directory = { $path }: this is a directory without boxproof.toml. Give the path of the program in it, or write a boxproof.toml whose [runtime] names it: program = "mycontainer"
program-is-special = { $path }: this is not a regular file. Give the path of a program
program-unreadable = read { $path }: { $error }. Make it readable for the user who runs boxproof
program-without-run-bit = { $path }: the file has no run bit. Set it: chmod +x { $path }
program-is-empty = { $path }: the file is empty. Did the build fail? Build your runtime again
program-is-text = { $path }: this is a text file without a first line `#!...`, so the kernel cannot run it. If it is a script, begin it with #!/bin/sh and set its run bit (chmod +x { $path }); if it is source code, build it and give the path of the built program
program-is-none = { $path }: this is { $seems }, which Linux does not execute. Give the path of a Linux program
program-is-foreign = { $path }: it is built for { $builtFor }, this machine is { $machine }. Build it on this machine, or for it (Go: GOOS=linux GOARCH={ $goarch }; Rust: --target { $arch }-unknown-linux-musl)
program-is-damaged = { $path }: the ELF file is damaged: { $detail }. Build your runtime again, or copy it again
program-with-windows-line-ends = { $path }: its first line ends in a carriage return (a Windows line end), which the kernel takes for a part of the interpreter's name. Remove it: sed -i 's/\r$//' { $path }
program-interpreter-missing = { $path }: its first line names { $interpreter }, which is not on this machine. Install it or correct the line
program-loader-missing = { $path }: it is started by the loader { $loader }, which is not on this machine: it was linked on another distribution. Build it here, or static
program-interpreters-too-deep = { $path }: the interpreter of this script is itself a script, more than four deep. Name a program in its first line
program-library-missing = { $path }: it needs the library { $library }, which is in none of the places where the loader looks. Install the library or build static
program-leads-out = { $path }: this is a link that leads out of { $directory }. Put the program itself there
program-language-not-in-vm = { $path }: it is run by { $language }, which is not in the virtual machine. Examine it where { $language } is installed, in a machine you can throw away: sudo boxproof exam --backend local { $path }

## Builds in the virtual machine

ui-building = building in the virtual machine: { $command }
build-failed = `{ $command }` ended with status { $status } in the virtual machine. It has no network there: what it needs must lie beside it (cargo vendor, go mod vendor)
build-killed = `{ $command }` was ended by signal { $signal } in the virtual machine
build-out-of-memory = `{ $command }` took all the memory that a build may have ({ $memory }), and was killed
build-timed-out = `{ $command }` was still running after { $seconds } s, and was killed
build-no-program = `{ $command }`: there is no such program in the virtual machine, or it cannot be executed. Of this distribution's packages it has: { $packages }
build-from-too-much = There is more beside the program than is built from: the limit is { $size }. Leave out what the build does not need
build-too-large = more came of `{ $command }` than is looked at ({ $size })
build-made-nothing = `{ $command }` ended well, but there is no { $program }, which boxproof.toml names as the program

## course

course-warning = note:{ " " }
course-near = Did you mean { $near }?
course-no-toml = this is no TOML: { $reason }
course-unknown-key = there is no key `{ $word }` here.
course-no-scenario = there is no scenario `{ $word }`.
course-no-step = there is no step `{ $word }`.
course-no-check = there is no check `{ $word }`. Checks are called SCENARIO.CHECK; `boxproof list --json` lists them.
course-no-id = a course needs a name: write [course] and id = "..." below it
course-no-part = the course chooses no scenario: it needs a [[part]] with tiers, steps or scenarios
course-wants-text = `{ $key }` must be a text in quotation marks
course-wants-texts = `{ $key }` must be a list of texts, as in { $key } = ["one", "two"]
course-wants-table = `{ $key }` must be a table: [{ $key }]
course-wants-tables = `{ $key }` must be a list of tables: [[{ $key }]]
course-wants-boolean = `{ $key }` must be true or false
course-wants-whole = `{ $key }` must be a whole number
course-wants-number = `{ $key }` must be a number
course-wants-time = `{ $key }` must be a point in time without quotation marks, as in 2026-11-30T23:59:59+09:00
course-wants-choice = "{ $word }" is not possible here; possible are { $known }
course-wants-size = `{ $key }` must be a size in whole MiB from { $least } to { $most }, as in "50M"
course-wants-address = this must be an IPv4 address, as in "{ $example }"
course-wants-program = this must be the name of a program, without a path, or one of { $kinds }
course-out-of-range = `{ $key }` must lie between { $least } and { $most }
course-deadline = the deadline must say how far it is from UTC, as in 2026-11-30T23:59:59+09:00
course-two-networks = { $host } and { $container } must be two addresses of one network
course-program-twice = `{ $program }` cannot be allowed and forbidden
course-points-disagree = the checks of `{ $scenario }` are given { $sum } points, the scenario { $points }
course-check-not-chosen = `{ $check }` belongs to a scenario that the course does not choose
course-need-not-chosen = `{ $scenario }` is needed, but the course does not choose it
course-needs-circle = these scenarios need each other, so that none can ever count: { $circle }
course-counted-twice = `{ $scenario }` is chosen twice; it counts once, by what comes first
course-worth-nothing = `{ $scenario }` is worth nothing
course-too-few-points = `{ $scenario }` has { $points } points for { $checks } checks: { $without } of them are worth nothing. Give it more, or say partial = false
course-part-empty = this part chooses no scenario
course-amounts-to = { $points } points for { $scenarios } scenarios
message-prerequisite-failed = Does not count, because "{ $scenario }" did not pass.

## class

class-missing = there is nothing at { $path }. If nothing was handed in, that is for you to mark
class-dangling = { $path } is a symbolic link to nothing
class-loop = { $path }: symbolic links that lead in a circle
class-too-large = { $path } is larger than { $most } MiB, the most that the course looks at
class-too-many = more than { $most } files, the most that are looked at
class-left = about { $time } left
class-late = late
class-graded = { $graded } graded, { $ungraded } not examined
class-changes = Changed since the results that were there before
class-cause-program = the program changed
class-cause-grader = boxproof, the course or the seed changed
class-cause-kernel = the kernel changed
class-cause-nothing = nothing else changed: attempts disagree
message-submission-unusable = The submission cannot be examined: { $reason }

vagrant-not-started = vagrant could not be started: { $detail }. Install Vagrant and a provider (sudo apt-get install vagrant-libvirt), or examine without them: --backend vm
vagrant-no-file = { $directory }: there is no Vagrantfile here, in vagrant/ or in a directory above. Name its directory: --vagrant DIR
vagrant-refused = { $command }: { $detail }
vagrant-several = { $directory }/Vagrantfile defines several machines ({ $names }). boxproof wants one of its own: --vagrant DIR names the directory of another Vagrantfile
vagrant-inaccessible = the machine of { $directory } is gone: Vagrant remembers it, and its provider has it no more. Forget it, then examine again: cd { $directory } && vagrant destroy -f
vagrant-not-up =
    the machine did not come up. See for yourself: cd { $directory } && vagrant up. Vagrant's last lines:
    { $detail }
vagrant-unreachable = the machine runs, and its ssh does not answer ({ $detail }). Start it anew: cd { $directory } && vagrant reload
vagrant-architecture = the machine is { $machine }, and this boxproof is built for { $ours }, as is what it examines. Build and examine inside the machine: cd { $directory } && vagrant ssh -c 'cd /vagrant && make exam'
vagrant-no-root = the machine's user may not use sudo without a password, as every box for Vagrant allows. See for yourself: cd { $directory } && vagrant ssh -c 'sudo -n true'
vagrant-half-provisioned = the machine is not ready: provision.sh has not come to its end in it. Let it: cd { $directory } && vagrant provision
vagrant-no-controllers = the machine's cgroup v2 has no { $controllers }. Take a box whose kernel has them (VM_BOX): cd { $directory } && vagrant destroy
vagrant-agent = bring the agent into the machine: { $detail }
ui-vagrant-up = Vagrant's machine is { $state }: it is brought up now, and put back afterwards (--keep leaves it running)
ui-vagrant-up-and-kept = Vagrant's machine is { $state }: it is brought up now, and stays so
ui-vagrant-awaiting = another boxproof is examining in this machine of Vagrant's: waiting until it is done
vagrant-not-put-back = the machine could not be put back, and goes on running. Do it yourself: cd { $directory } && vagrant halt. Vagrant's last lines:
ui-vagrant-connecting = bringing boxproof into Vagrant's machine
ui-github-more = { $count } more are not annotated: GitHub shows ten of a step. The summary of this run has all of them.
