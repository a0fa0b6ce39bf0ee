//! The command line.
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::local::Local;
use boxproof_harness::backend::vm::{VmAgent, VmOptions, guest};
use boxproof_harness::conductor::{Parcel, conduct};
use boxproof_harness::manifest::Invocation;
use boxproof_harness::plan::Plan;
use boxproof_harness::result::Submission;
use boxproof_harness::tree::Tree;
use boxproof_scenarios::catalogue;

fn main() {
    if guest::is_guest_init() {
        guest::run();
    }
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|a| a == "agent") {
        if let Some(port) = args.get(3) {
            let file = std::fs::File::options().read(true).write(true).open(port).unwrap();
            let input = std::io::BufReader::new(file.try_clone().unwrap());
            boxproof_harness::agent::serve(catalogue(), input, file).unwrap();
        } else {
            boxproof_harness::agent::serve(catalogue(), std::io::stdin().lock(), std::io::stdout()).unwrap();
        }
        return;
    }
    let path = std::path::PathBuf::from(&args[1]);
    let vm = std::env::var_os("VM").is_some();
    let mut submission = Tree::new();
    submission.host_file(path.file_name().unwrap(), 0o755, &path).unwrap();
    let ids =
        catalogue().iter().map(|s| s.id.to_owned()).filter(|id| args.len() < 4 || args[3..].contains(id)).collect();
    let parcel = Parcel {
        plan: Plan {
            seed: 7,
            scenarios: ids,
            invocation: Invocation::workshop(),
            program: path.file_name().unwrap().to_string_lossy().into(),
            jobs: 0,
            disposable: vm,
        },
        rootfs: Tree::read(std::path::Path::new(&args[2])).unwrap(),
        submission,
        extra: Tree::new(),
        about: Submission::default(),
    };
    let mut agent: Box<dyn Agent> = if vm {
        Box::new(VmAgent::boot(&VmOptions::default(), &|p| eprintln!("{p}")).unwrap())
    } else {
        Box::new(Local::start(&std::env::current_exe().unwrap()).unwrap())
    };
    let report = conduct(catalogue(), &mut *agent, &parcel, &mut |_| ());
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
}
