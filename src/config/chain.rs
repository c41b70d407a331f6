//! How an asset becomes the reporting currency: a chain of marks and fungible groups.

use super::whole::Universe;

/// One link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The asset it leads to, by its place in the universe.
    pub(super) to: usize,
    /// The instrument whose price it goes by, by its place; `None` within a fungible group.
    pub(super) by: Option<usize>,
}

/// The chain from `asset` to the reporting currency, or how far it gets without reaching it.
pub(super) fn chain(universe: &Universe, asset: usize) -> Result<Vec<Link>, Vec<Link>> {
    let Some(goal) = universe.asset_named(&universe.money.reporting) else {
        return Err(Vec::new());
    };
    let mut links: Vec<Link> = Vec::new();
    let mut at = asset;
    while at != goal {
        let is_new = |to: usize| to != asset && links.iter().all(|link| link.to != to);
        let link = fungible(universe, at, goal).or_else(|| marked(universe, at));
        match link {
            Some(link) if is_new(link.to) => links.push(link),
            _ => return Err(links),
        }
        at = links.last().map_or(goal, |link| link.to);
    }
    Ok(links)
}

/// Directly, where both are in one group. A group is the shorter way, so it is asked first.
fn fungible(universe: &Universe, from: usize, goal: usize) -> Option<Link> {
    let holds = |names: &[String], asset: usize| names.contains(&universe.assets[asset].name);
    let mut groups = universe.fungible.iter().map(|group| &group.assets);
    groups
        .any(|names| holds(names, from) && holds(names, goal))
        .then_some(Link { to: goal, by: None })
}

/// By the asset's own mark, else by that of another asset of its group.
fn marked(universe: &Universe, from: usize) -> Option<Link> {
    let name = &universe.assets[from].name;
    let has_mark = |name: &String| universe.marks.iter().any(|mark| mark.asset == *name);
    let Some(mark) = universe.marks.iter().find(|mark| mark.asset == *name) else {
        let group = universe.fungible.iter().find(|group| group.assets.contains(name))?;
        let other = group.assets.iter().find(|other| has_mark(other))?;
        return Some(Link { to: universe.asset_named(other)?, by: None });
    };
    let by = universe.instrument(mark.venue.name, &mark.symbol)?;
    let instrument = &universe.instruments[by];
    let side = |name: &str| universe.asset(name, instrument.venue.name);
    let (base, quote) = (side(&instrument.base)?, side(&instrument.quote)?);
    let to = if base == from { quote } else { base };
    Some(Link { to, by: Some(by) })
}
