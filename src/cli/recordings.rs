//! Recordings as verbs take them: which files, how they are read, and with what configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::args;
use super::output::{self, Failure};
use crate::base::{ConnectionId, Instruments};
use crate::config::Config;
use crate::journal::{Fills, Session};
use crate::sys::clock::Clock;
use crate::tape::{self, Given, SAMPLES, Spec, Tape};

/// Which recordings, and how they are read.
#[derive(Debug, Args)]
pub(super) struct Recordings {
    /// Recordings: FILE, or V:F:FILE.
    #[arg(value_name = "FILE", default_values_t = built_in())]
    pub(super) files: Vec<String>,
    /// Venue whose frames they hold.
    #[arg(long, value_name = "V")]
    pub(super) venue: Option<String>,
    /// How frames are stored in them.
    #[arg(long, value_name = "F")]
    pub(super) format: Option<String>,
    /// Only these symbols, as on the wire, with commas between.
    #[arg(long, value_name = "SYM", value_delimiter = ',')]
    pub(super) symbols: Vec<String>,
    /// Decimals of a symbol, where the recording does not say, as BTCUSDT:2:8.
    #[arg(long, value_name = "SYM:P:Q")]
    pub(super) instrument: Vec<String>,
}

/// A tape that is ready to be played, and how long each step took.
pub(super) struct Loaded {
    pub(super) tape: Tape,
    pub(super) instruments: Instruments,
    pub(super) files: usize,
    pub(super) read_ns: u64,
    pub(super) survey_ns: u64,
}

/// A configuration and where it comes from.
pub(super) struct Setup {
    pub(super) config: Config,
    /// What a journal of the session says of it.
    pub(super) session: Session,
    /// Does it come from the journal that is played?
    pub(super) is_recorded: bool,
}

/// The recordings that come with the program.
fn built_in() -> Vec<String> {
    SAMPLES.iter().map(|(name, venue, _)| format!("{venue}:stamped:{name}")).collect()
}

impl Recordings {
    /// A journal.
    pub(super) fn journal(path: &Path) -> Recordings {
        Recordings {
            files: vec![path.display().to_string()],
            venue: None,
            format: Some(String::from("journal")),
            symbols: Vec::new(),
            instrument: Vec::new(),
        }
    }

    /// Are they those that come with the program?
    pub(super) fn are_built_in(&self) -> bool {
        self.files.iter().all(|file| file.contains(":built-in/"))
    }

    pub(super) fn specs(&self) -> Result<Vec<Spec>, Failure> {
        let (venue, format) = (self.venue.as_deref(), self.format.as_deref());
        self.files.iter().map(|file| args::recording(file, venue, format)).collect()
    }

    /// The configuration to play them with: the file that was named, else what the journal among
    /// them was recorded with, else the built-in one.
    pub(super) fn setup(&self, file: Option<&Path>) -> Result<Setup, Failure> {
        let (mut fills, mut epoch) = (Fills::Paper, 0);
        for spec in self.specs()?.iter().filter(|spec| spec.format.name == "journal") {
            let Some(session) = tape::session(&spec.path).map_err(Failure::failed)? else {
                continue;
            };
            if file.is_some() {
                // How orders were filled is what was recorded, not how it was configured.
                // But what venues answered to other orders than these says nothing of these.
                fills = session.fills;
                if fills == Fills::Venue {
                    fills = Fills::Paper;
                }
                epoch = session.epoch;
                break;
            }
            let name = PathBuf::from(format!("{} (its configuration)", spec.path.display()));
            let config = Config::parse(&session.overlay, &name).map_err(Failure::failed)?;
            return Ok(Setup { config, session, is_recorded: true });
        }
        let config = Config::load(file).map_err(Failure::failed)?;
        let overlay = match file {
            Some(path) => std::fs::read_to_string(path).map_err(Failure::failed)?,
            None => String::new(),
        };
        let session = Session { fills, epoch, overlay };
        Ok(Setup { config, session, is_recorded: false })
    }

    /// Loads them and finds out what they speak of.
    pub(super) fn load(&self, config: &Config) -> Result<Loaded, Failure> {
        let specs = self.specs()?;
        let given = self.given(config)?;
        let wanted: Vec<_> = self
            .symbols
            .iter()
            .map(|text| args::symbol_of("--symbols", text))
            .collect::<Result<_, _>>()?;
        let clock = Clock::calibrate(Duration::from_millis(5));
        let begun = clock.ticks();
        let bar = output::progress(0, "reading", true);
        let mut tape = Tape::load(&specs, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })
        .map_err(Failure::failed)?;
        bar.finish_and_clear();
        let read = clock.ticks();
        let survey = tape::survey(&mut tape, &given, &wanted).map_err(Failure::failed)?;
        let surveyed = clock.ticks();
        for warning in tape.warnings() {
            output::say(format_args!("warning: {warning}"));
        }
        Ok(Loaded {
            tape,
            instruments: survey.instruments,
            files: specs.len(),
            read_ns: clock.span_ns(read - begun),
            survey_ns: clock.span_ns(surveyed - read),
        })
    }

    /// Decimals that the arguments give, then those of instruments that the user's file lists.
    fn given(&self, config: &Config) -> Result<Vec<Given>, Failure> {
        let mut given = args::precisions(&self.instrument)?;
        let listed = config.universe.listed_by_user().map(|instrument| Given {
            venue: Some(instrument.venue.name),
            symbol: instrument.symbol,
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
        });
        given.extend(listed);
        Ok(given)
    }
}

/// Connections of venues with a silence of their own.
pub(super) fn silences(tape: &Tape, config: &Config) -> Vec<(ConnectionId, i64)> {
    let configured = |venue: &str| {
        config.book.stale_after_ns_of.iter().find(|(name, _)| *name == venue).map(|(_, ns)| *ns)
    };
    let sources = tape.sources().iter().enumerate();
    sources
        .filter_map(|(n, source)| Some((ConnectionId(n as u16), configured(source.dialect.name)?)))
        .collect()
}
