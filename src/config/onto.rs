//! Onto a tape: a configuration with the ids of a recording's own instruments, reckoned by what is
//! on it.

use std::collections::VecDeque;

use super::resolve::{Conversion, Resolved, Step};
use super::whole::Config;
use crate::base::{
    AssetId, Instrument, InstrumentId, InstrumentKind, Instruments, MarkStep, Status,
};

/// In what a run is reckoned.
struct Reckoning {
    asset: AssetId,
    /// By asset; `None` where nothing on the tape says what it is worth.
    chains: Vec<Option<Vec<MarkStep>>>,
    /// What a user should know of it.
    warning: Option<String>,
}

impl Config {
    /// What the configuration comes to for the instruments of a recording: those that it knows are
    /// told what it knows of them and may be traded, as a venue that made the recording was open.
    /// Also says what a user should know of it.
    pub fn resolve_onto(&self, instruments: &mut Instruments) -> (Resolved, Vec<String>) {
        let general = self.resolve();
        let mut warnings = Vec::new();
        for known in &general.instruments {
            let Some(id) = instruments.find(known.venue, &known.symbol).map(|i| i.id) else {
                continue;
            };
            let status =
                if self.risk.trade_unknown_status { Status::Open } else { Status::Unknown };
            let open = Instrument { status, ..known.clone() };
            if !instruments.adopt(id, &open) {
                warnings.push(format!(
                    "{} is not traded: its tick, lot or minima are finer than the recording's \
                     decimals; give those with --instrument",
                    known.name()
                ));
            }
        }
        let reckoning = reckon(&general, instruments);
        warnings.extend(reckoning.warning);
        let step = |(to, by): &MarkStep| Step { to: *to, by: *by };
        let way = |steps: &Vec<MarkStep>| Conversion { steps: steps.iter().map(step).collect() };
        let resolved = Resolved {
            trading: self.trading(instruments),
            conversions: reckoning.chains.iter().map(|steps| steps.as_ref().map(way)).collect(),
            reporting: reckoning.asset,
            instruments: instruments.clone(),
            ..general
        };
        (resolved, warnings)
    }
}

/// The configured currency where every asset that is traded comes to it by what is on the tape;
/// else the first of its stand-ins for which that holds; else the configured one all the same.
fn reckon(resolved: &Resolved, instruments: &Instruments) -> Reckoning {
    // What a contract is about need not be worth anything; what it settles in must.
    let needed = |i: &Instrument| match i.kind {
        InstrumentKind::Spot => [i.base, i.quote],
        InstrumentKind::Linear => [None, i.quote],
        InstrumentKind::Inverse => [i.base, None],
    };
    let mut traded: Vec<AssetId> = instruments.iter().flat_map(needed).flatten().collect();
    traded.sort_unstable();
    traded.dedup();
    let in_asset = |asset: AssetId| {
        let all = 0..resolved.assets.len();
        all.map(|from| chain(resolved, instruments, from, asset)).collect::<Vec<_>>()
    };
    let reaches = |chains: &[Option<Vec<MarkStep>>]| {
        traded.iter().all(|asset| chains.get(asset.index()).is_some_and(Option::is_some))
    };
    let wished = in_asset(resolved.reporting);
    if reaches(&wished) {
        return Reckoning { asset: resolved.reporting, chains: wished, warning: None };
    }
    let name = |asset: AssetId| &*resolved.assets[asset.index()].name;
    let missing: Vec<&str> =
        traded.iter().filter(|a| wished[a.index()].is_none()).map(|a| name(*a)).collect();
    let why = format!(
        "nothing on the tape says what {} is worth in {}",
        missing.join(", "),
        name(resolved.reporting)
    );
    for stand_in in &resolved.stand_ins {
        let chains = in_asset(*stand_in);
        if reaches(&chains) {
            let warning = format!(
                "{why}: all is reckoned in {0}, and limits in {1} are taken as {0} (`stand_ins` of \
                 [money])",
                name(*stand_in),
                name(resolved.reporting)
            );
            return Reckoning { asset: *stand_in, chains, warning: Some(warning) };
        }
    }
    let warning = format!(
        "{why}: orders that need it are denied; play a recording of a market between them, too, or \
         name a stand-in (`stand_ins` of [money])"
    );
    Reckoning { asset: resolved.reporting, chains: wished, warning: Some(warning) }
}

/// How an asset comes to another one: as configured where all of that is on the tape, else by the
/// shortest way over what is.
fn chain(
    resolved: &Resolved,
    instruments: &Instruments,
    from: usize,
    to: AssetId,
) -> Option<Vec<MarkStep>> {
    if from == to.index() {
        return Some(Vec::new());
    }
    if to == resolved.reporting {
        let steps = resolved.conversions[from].as_ref().and_then(|conversion| {
            let by = |id: Option<InstrumentId>| match id {
                None => Some(None),
                Some(id) => {
                    let known = resolved.instruments.with_id(id)?;
                    let here = instruments.find(known.venue, &known.symbol)?;
                    (here.base == known.base && here.base.is_some()).then_some(Some(here.id))
                }
            };
            conversion.steps.iter().map(|step| Some((step.to, by(step.by)?))).collect()
        });
        if steps.is_some() {
            return steps;
        }
    }
    shortest(resolved, instruments, from, to)
}

/// Breadth first over the instruments of the tape and the fungible groups.
fn shortest(
    resolved: &Resolved,
    instruments: &Instruments,
    from: usize,
    to: AssetId,
) -> Option<Vec<MarkStep>> {
    let mut edges: Vec<(AssetId, AssetId, Option<InstrumentId>)> = Vec::new();
    for group in &resolved.fungible {
        let place = |name: &String| resolved.assets.iter().position(|a| a.name == *name);
        let ids: Vec<AssetId> =
            group.assets.iter().filter_map(place).map(|n| AssetId(n as u16)).collect();
        edges.extend(ids.windows(2).map(|pair| (pair[0], pair[1], None)));
    }
    // A linear contract has a price of its base in its quote, too; an inverse one is left out.
    for instrument in instruments.iter().filter(|i| i.kind != InstrumentKind::Inverse) {
        if let (Some(base), Some(quote)) = (instrument.base, instrument.quote) {
            edges.push((base, quote, Some(instrument.id)));
        }
    }
    let mut came: Vec<Option<(usize, Option<InstrumentId>)>> = vec![None; resolved.assets.len()];
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        for (a, b, by) in &edges {
            let other = match (a.index() == at, b.index() == at) {
                (true, _) => b.index(),
                (_, true) => a.index(),
                _ => continue,
            };
            if other != from && came.get(other).is_some_and(Option::is_none) {
                came[other] = Some((at, *by));
                queue.push_back(other);
            }
        }
    }
    let mut steps = Vec::new();
    let mut at = to.index();
    while at != from {
        let (before, by) = came.get(at).copied().flatten()?;
        steps.push((AssetId(at as u16), by));
        at = before;
    }
    steps.reverse();
    Some(steps)
}
