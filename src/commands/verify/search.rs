//! The boldest that works: the plan with all passes, or with as many as hold.

use std::collections::BTreeSet;

use super::{
    prover::{Fault, Prover},
    unit::units,
};
use crate::{
    options::Options,
    pipeline,
    plan::{Outcome, Plan},
    transforms,
    verify::{
        ImageReport, LeftOut, Report,
        boldest::{History, Next, next},
    },
    workspace::load::Loaded,
};

/// Proves the plan of a project; when it does not hold, takes passes back until it does.
///
/// Comes with the options that lead to the plan that was proved.
pub(in crate::commands) fn boldest(
    prover: &mut Prover,
    loaded: &Loaded,
    options: &Options,
) -> Result<(Report, Options), Fault> {
    let plan = planned(loaded, options);
    let first = images(prover, loaded, (&plan, options))?;
    let Some(worst) = first.iter().find(|image| !image.judgement.verdict.holds()).cloned() else {
        return Ok((Report { images: first, ..Report::default() }, options.clone()));
    };
    let passes = applied(&plan);
    let all: BTreeSet<usize> = (0..passes.len()).collect();
    let mut history = History::default();
    history.note(all, false);
    let mut proved = Vec::new();
    let (set, is_complete) = loop {
        match next(passes.len(), &history) {
            Next::Found(set) => break (set, true),
            Next::Ask(_) if proved.len() >= prover.budget() => break (history.best(), false),
            Next::Ask(set) => {
                let tried = without(options, &passes, &set);
                anstream::eprintln!("Trying without {}", left_out(&passes, &set).join(", "));
                let images = images(prover, loaded, (&planned(loaded, &tried), &tried))?;
                let holds = images.iter().all(|image| image.judgement.verdict.holds());
                history.note(set.clone(), holds);
                proved.push((set, images));
            }
        }
    };
    let chosen = without(options, &passes, &set);
    let images = match proved.into_iter().find(|(own, _)| *own == set) {
        Some((_, images)) => images,
        // Nothing is left: the plan without any pass, in which nothing would change.
        None => images(prover, loaded, (&planned(loaded, &chosen), &chosen))?,
    };
    let left_out = LeftOut {
        dockerfile: worst.dockerfile,
        passes: left_out(&passes, &set),
        verdict: worst.judgement.verdict,
        why: worst.judgement.why,
        last: worst.judgement.last,
        is_complete,
    };
    Ok((Report { images, left_out: vec![left_out], ..Report::default() }, chosen))
}

fn planned(loaded: &Loaded, options: &Options) -> Plan {
    pipeline::run(loaded.ws.clone(), loaded.documents.clone(), transforms::ALL, options)
}

fn images(
    prover: &mut Prover,
    loaded: &Loaded,
    (plan, options): (&Plan, &Options),
) -> Result<Vec<ImageReport>, Fault> {
    let units = units(&loaded.base, plan, options);
    let proved = units.iter().map(|unit| {
        let image = prover.prove(&loaded.base, unit)?;
        Ok(ImageReport { questions: questions(plan, &image.dockerfile), ..image })
    });
    proved.collect()
}

/// What is asked about the changes of a Dockerfile that were made.
fn questions(plan: &Plan, path: &str) -> Vec<String> {
    let applied = plan.steps.iter().filter(|step| step.outcome == Outcome::Applied);
    let of_file = applied.filter(|step| plan.before.file(step.file).path == path);
    of_file
        .flat_map(|step| step.questions().map(|asked| format!("{}: {}", asked.at(), asked.reason.clause())))
        .collect()
}

/// The passes that changed something, in their order.
fn applied(plan: &Plan) -> Vec<&'static str> {
    let mut passes: Vec<&'static str> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.outcome == Outcome::Applied) {
        if !passes.contains(&step.pass) {
            passes.push(step.pass);
        }
    }
    passes
}

fn left_out(passes: &[&'static str], set: &BTreeSet<usize>) -> Vec<String> {
    let rest = passes.iter().enumerate().filter(|(index, _)| !set.contains(index));
    rest.map(|(_, pass)| (*pass).to_owned()).collect()
}

fn without(options: &Options, passes: &[&'static str], set: &BTreeSet<usize>) -> Options {
    let mut options = options.clone();
    options.skip.extend(left_out(passes, set));
    options
}
