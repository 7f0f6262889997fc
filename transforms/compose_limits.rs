//! Lower the resource limits of the services to what the project asks for.
//!
//! ## Why
//!
//! A limit that is far above the need books memory and processors that nobody uses. How much a service needs is
//! not decided by its base image: interpreter and app stay the same. So the numbers come from alpinist.yaml. For
//! a service that is not named there, and that runs a web server, a worker or a front end, those of a staging audit are
//! proposed with a question: nobody measured them, and what is known against them is said.
//!
//! A limit is only ever lowered. A reservation keeps its share of the limit, and `mem_limit` stays equal to
//! `deploy.resources.limits.memory`. A service with older keys such as `mem_limit`, and no limits under `deploy`,
//! gets a missing limit as an older key, since compose refuses a mixture.
//!
//! ## Example
//!
//! ```yaml
//! services:
//!   backend:
//!     build: .
//!     deploy:
//!       resources:
//!         limits:
//!           memory: 2G
//!           cpus: "1.0"
//!         reservations:
//!           memory: 256M
//! ```
//!
//! becomes
//!
//! ```yaml
//! services:
//!   backend:
//!     build: .
//!     deploy:
//!       resources:
//!         limits:
//!           memory: 512M
//!           cpus: "0.4"
//!         reservations:
//!           memory: 64M
//! ```
//!
//! ## Asks
//!
//! Whether a number that nobody measured is enough, with what is known: packages such as numpy that hold as much as
//! their data, other memory that counts, a start that less CPU stretches beyond the health check. Whether workers fit
//! whose number is not known. The number of workers is read from the command, the scripts that it starts, package.json,
//! the configuration of gunicorn and uwsgi, `environment` and `env_file`.
//!
//! ## Declines
//!
//! When the workers do not fit below the present limit, counted with 60 MiB a Python worker and 30 MiB for its master,
//! or 80 MiB for Node, or when a heap flag takes three quarters of it; where a number between is enough, that one is
//! taken. When the limit holds a variable, or comes through an anchor. Unless alpinist.yaml names the service: when a
//! compose file that is read together with this one, or a service on either end of `extends`, sets limits, a command,
//! or else what decides the need; when there is a worker for each processor; when a package holds models, or a program
//! such as a browser runs beside; and when a comment tells that less was not enough.
//!
//! ## Risk
//!
//! Review: too low a limit ends in exit code 137 or in workers that are killed without a word.

use crate::{
    compose::Edits,
    edit::Edit,
    facts::{
        Aspect, Context,
        launch::{self, Launch},
        layers,
        limits::{self, Policy, Quantity, Setting, unmeasured, write},
        needs::{self, Floor},
        refusals,
        service::Running,
    },
    pass::{Change, Pass, Proposal, Risk},
    reason::{Reason, Surety},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "compose-limits",
    title: "Lower the resource limits of the services",
    source: include_str!("compose_limits.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Limits],
    run,
};

/// How much more than the least a limit is that we choose ourselves.
const HEADROOM: f64 = 1.1;

/// The part of a limit that a number which nobody measured may leave, to be worth a question.
const WORTH_ASKING: f64 = 0.75;

/// How many times smaller a limit becomes before that is said.
const DEEP_CUT: f64 = 4.0;

fn run(cx: &Context) -> Vec<Proposal> {
    let services = cx.editable_services().into_iter();
    let running = services.map(|(service, image)| Running::of(service, image).with_env_files(cx));
    running.flat_map(|running| propose(cx, running)).collect()
}

/// A service with what it starts and the limits that it shall have.
struct Site<'c, 'a> {
    cx: &'c Context<'a>,
    running: Running<'a>,
    launch: Result<Launch, String>,
    policy: Policy,
    /// The least memory that the files tell of.
    floor: Option<Floor>,
}

fn propose<'a>(cx: &Context<'a>, running: Running<'a>) -> Vec<Proposal> {
    let (file, key) = (running.service.id, running.service.service.key);
    let launch = launch::of(cx, &running);
    let lines = launch.as_ref().map_or(&running.commands, |launch| &launch.lines);
    let Some(policy) = Policy::of(cx, &running, lines) else {
        let why = "alpinist.yaml has no limits for this service, and what it runs is no web server, worker or front end.";
        return vec![Proposal::nothing(file, key, why)];
    };
    let floor =
        launch.as_ref().ok().and_then(|launch| needs::floor(cx, &running, launch, !policy.is_explicit));
    let site = Site { cx, running, launch, policy, floor };
    let (mut cuts, mut missing, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for quantity in [Quantity::Memory, Quantity::Cpus] {
        let Some(wanted) = site.policy.wanted(quantity) else { continue };
        match limits::settings(site.running.service.service, quantity).is_empty() {
            true => missing.push((quantity, wanted.to_owned())),
            false => match site.cut(quantity, wanted) {
                Ok(cut) => cuts.push(cut),
                Err(proposal) => found.push(*proposal),
            },
        }
    }
    // Where the memory is scarce already, somebody weighed the processors too.
    let is_weighed =
        !site.policy.is_explicit && missing.iter().all(|(quantity, _)| *quantity == Quantity::Cpus);
    if is_weighed && cuts.iter().all(|cut: &Cut| cut.quantity == Quantity::Cpus) {
        cuts.clear();
    }
    if !cuts.is_empty() {
        found.insert(0, site.lowered(&cuts));
    }
    found.extend(site.added(&missing));
    found
}

/// A limit that becomes lower.
struct Cut {
    quantity: Quantity,
    old: f64,
    new: f64,
    settings: Vec<Setting>,
    edits: Edits,
    /// Why it is not the number that was asked for.
    raised: Option<String>,
}

impl Cut {
    fn shown(&self, amount: f64) -> String {
        self.quantity.shown(&self.quantity.written(amount, &self.settings[0].text))
    }
}

impl Site<'_, '_> {
    /// The lower limit, or why there is none.
    fn cut(&self, quantity: Quantity, wanted: &str) -> Result<Cut, Box<Proposal>> {
        let service = self.running.service;
        let settings = limits::settings(service.service, quantity);
        let span = settings.first().map_or(service.service.key, |setting| setting.span);
        let stays = format!("The {} limit of {} stays", quantity.name(), service.service.name);
        let refuse = |reason: Reason| {
            Box::new(Proposal::refuse(service.id, reason.span, [reason]).saying(stays.clone()))
        };
        let nothing = |why: String| Err(Box::new(Proposal::nothing(service.id, span, why)));
        let Some(asked) = quantity.parse(wanted) else {
            return Err(refuse(Reason::known("LIM-06", span, format!("`{wanted}` is no limit"))));
        };
        if let Some(odd) = settings.iter().find(|setting| setting.amount.is_none()) {
            let what = format!("`{}` holds a variable or is no number", odd.text);
            return Err(refuse(Reason::known("LIM-17", odd.span, what)));
        }
        let old = settings.iter().filter_map(|setting| setting.amount).fold(0.0, f64::max);
        if asked >= old {
            let why = format!("The {} limit is not above {wanted}, and is never raised.", quantity.name());
            return nothing(why);
        }
        if !self.policy.is_explicit && asked > old * WORTH_ASKING {
            let why = format!("The {} limit is not far above {wanted}.", quantity.name());
            return nothing(why);
        }
        let floor = self.floor.as_ref().filter(|floor| quantity == Quantity::Memory && floor.bytes > asked);
        let new = floor.map_or(asked, |floor| quantity.rounded_up(floor.bytes * HEADROOM));
        if let Some(floor) = floor.filter(|_| new >= old) {
            let what = format!("{}, and nothing below the present limit has room for it", floor.what);
            return Err(refuse(Reason::known(floor.trap, span, what)));
        }
        let raised = floor.map(|floor| {
            format!(
                "{}, so it is {} and not {wanted} ({}).",
                floor.what,
                quantity.written(new, &settings[0].text),
                floor.trap
            )
        });
        let edits = write::lowered(&self.running, quantity, &settings, (old, new))
            .map_err(|refusal| refuse(refusals::reason(refusal, "LIM-17")))?;
        Ok(Cut { quantity, old, new, settings, edits, raised })
    }

    /// All of the lower limits as one change.
    fn lowered(&self, cuts: &[Cut]) -> Proposal {
        let (service, policy) = (self.running.service, &self.policy);
        let name = &service.service.name;
        let told = |cut: &Cut| {
            let first = &cut.settings[0].text;
            format!("{} from {first} to {}", cut.quantity.name(), cut.quantity.written(cut.new, first))
        };
        let title = match cuts {
            [cut] => {
                let first = &cut.settings[0].text;
                let new = cut.quantity.written(cut.new, first);
                format!("Lower the {} limit of {name} from {first} to {new}", cut.quantity.name())
            }
            _ => format!(
                "Lower the limits of {name}: {}",
                cuts.iter().map(told).collect::<Vec<_>>().join(", ")
            ),
        };
        let wanted = cuts.iter().filter_map(|cut| Some(cut.quantity.shown(policy.wanted(cut.quantity)?)));
        let why = policy.why(&wanted.collect::<Vec<_>>().join(" and "));
        let title = format!("{title}{}", policy.caveat());
        let edits = cuts.iter().flat_map(|cut| to_edits(&self.running, cut.edits.clone()));
        let change = Change::new(service.id, cuts[0].settings[0].span, Risk::Review, title, why)
            .with(edits)
            .against(self.reasons(cuts))
            .or_else(format!("The limits of {name} stay"));
        let notes = cuts.iter().flat_map(|cut| {
            let change = (cut.old, cut.new);
            let follow = write::reservation_notes(&self.running, cut.quantity, change).into_iter();
            let raised = cut.raised.clone().into_iter();
            let counted = self.counted(cut).into_iter();
            raised.chain(follow).chain(counted).chain(self.notes(cut.quantity, (Some(cut.old), cut.new)))
        });
        notes.fold(change, Change::noting).propose()
    }

    /// What speaks against lower limits; what alpinist.yaml asks for, nothing beside the numbers forbids.
    fn reasons(&self, cuts: &[Cut]) -> Vec<Reason> {
        let (cx, running) = (self.cx, &self.running);
        let mut reasons: Vec<Reason> =
            layers::obstacle(cx, running.service, limits::deciding_key).into_iter().collect();
        if cuts.iter().any(|cut| cut.quantity == Quantity::Memory) {
            reasons.extend(needs::untold(cx, running, &self.launch));
        }
        reasons.extend(self.other_stacks());
        if self.policy.is_explicit {
            reasons.iter_mut().for_each(|reason| reason.surety = Surety::Doubt);
            return reasons;
        }
        let doubts = unmeasured::doubts(cx, running);
        reasons.extend(doubts.known);
        if cx.options.weights.forbid(&reasons) {
            return reasons;
        }
        let first = "nobody measured whether this is enough, and the history of the line is not read";
        let mut clauses = vec![first.to_owned()];
        clauses.extend(doubts.clauses);
        clauses.extend(cuts.iter().filter_map(|cut| match cut.quantity {
            Quantity::Cpus => needs::stretched_start(running, cut.old, cut.new),
            Quantity::Memory => (cut.new * DEEP_CUT < cut.old).then(|| {
                format!("{} is less than a quarter of {}", cut.shown(cut.new), cut.settings[0].text)
            }),
        }));
        reasons.push(Reason::doubt("LIM-01", cuts[0].settings[0].span, clauses.join("; ")));
        reasons
    }

    /// The stacks of their own that have a service of this name.
    fn other_stacks(&self) -> Vec<Reason> {
        let service = self.running.service;
        let what =
            format!("a stack of its own with a service {}, which keeps its limits", service.service.name);
        let stacks = layers::other_stacks(self.cx, service).into_iter();
        stacks.map(|name| Reason::doubt("LIM-24", service.service.key, what.clone()).about(name)).collect()
    }

    /// How the workers were counted, where the number itself does not say so.
    fn counted(&self, cut: &Cut) -> Option<String> {
        let launch = self.launch.as_ref().ok().filter(|_| cut.raised.is_none())?;
        (cut.quantity == Quantity::Memory).then(|| needs::memory_note(self.cx, &self.running, launch))?
    }

    fn notes(&self, quantity: Quantity, (old, new): (Option<f64>, f64)) -> Vec<String> {
        let service = self.running.service.service;
        let mut notes = Vec::new();
        if quantity == Quantity::Cpus && self.policy.is_explicit {
            let start = old.and_then(|old| needs::stretched_start(&self.running, old, new));
            notes.extend(start.map(|why| format!("With less CPU {why} (HC-07).")));
        }
        let replicas = service.replicas.as_ref().or(service.scale.as_ref());
        if let Some(count) = replicas.and_then(|field| field.value.value).filter(|count| *count > 1) {
            notes.push(format!("Each of the {count} replicas gets this limit (LIM-22)."));
        }
        if let (Quantity::Memory, Some(swap)) = (quantity, &service.resources.memswap_limit) {
            notes.push(format!(
                "`memswap_limit: {}` stays, so there is more swap than before (LIM-19).",
                swap.value.text
            ));
        }
        notes
    }

    /// Limits where there are none: only when alpinist.yaml asks for them.
    fn added(&self, missing: &[(Quantity, String)]) -> Option<Proposal> {
        let service = self.running.service;
        let (name, key) = (&service.service.name, service.service.key);
        if missing.is_empty() {
            return None;
        }
        if !self.policy.is_explicit {
            return Some(Proposal::nothing(service.id, key, "There is no limit to lower."));
        }
        let stays = format!("No limit is added to {name}");
        let refuse = |reason: Reason| Some(Proposal::refuse(service.id, key, [reason]).saying(stays.clone()));
        let memory = missing.iter().find(|(quantity, _)| *quantity == Quantity::Memory);
        let bytes = memory.and_then(|(quantity, wanted)| quantity.parse(wanted));
        if let Some(floor) =
            self.floor.as_ref().filter(|floor| bytes.is_some_and(|bytes| bytes < floor.bytes))
        {
            let wanted = memory.map_or("", |(_, wanted)| wanted.as_str());
            return refuse(Reason::known(floor.trap, key, format!("{}, and {wanted} is less", floor.what)));
        }
        let edits = match write::added(&self.running, missing) {
            Ok(edits) => edits,
            Err(refusal) => return refuse(refusals::reason(refusal, "LIM-17")),
        };
        let amounts: Vec<String> = missing.iter().map(|(quantity, wanted)| quantity.shown(wanted)).collect();
        let title = format!("Limit {name} to {}", amounts.join(" and "));
        let why = format!("alpinist.yaml asks for it; {name} has no such limit yet.");
        let mut reasons =
            if memory.is_some() { needs::untold(self.cx, &self.running, &self.launch) } else { Vec::new() };
        reasons.iter_mut().for_each(|reason| reason.surety = Surety::Doubt);
        let change = Change::new(service.id, key, Risk::Review, title, why)
            .with(to_edits(&self.running, edits))
            .against(reasons)
            .or_else(stays);
        let notes = missing
            .iter()
            .filter_map(|(quantity, wanted)| Some(self.notes(*quantity, (None, quantity.parse(wanted)?))));
        Some(notes.flatten().fold(change, Change::noting).propose())
    }
}

fn to_edits(running: &Running, edits: Edits) -> Vec<Edit> {
    edits.into_iter().map(|(span, text)| Edit::replace(running.service.id, span, text)).collect()
}
