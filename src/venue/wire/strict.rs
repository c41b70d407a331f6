//! The strict path: a reused `simd-json` tape, and a view of it that refuses what is not as said.

use simd_json::{Buffers, Node, StaticNode, Tape};

use super::quoting::quote_numbers;
use crate::base::{Decimal, Nanos, Symbol};
use crate::limits;
use crate::venue::contract::Refusal;

/// Buffers of the strict path: sized at start for frames up to [`limits::FRAME_BYTES_STEADY`].
pub struct Strict {
    text: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

/// A value of a parsed frame. Numbers come as their text, whether they were quoted or not.
#[derive(Clone, Copy, Debug)]
pub struct Value<'t> {
    nodes: &'t [Node<'t>],
}

impl std::fmt::Debug for Strict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Strict").field("text_bytes", &self.text.capacity()).finish_non_exhaustive()
    }
}

impl Default for Strict {
    fn default() -> Strict {
        Strict::new()
    }
}

impl Strict {
    /// Allocates all that a frame of [`limits::FRAME_BYTES_STEADY`] can need.
    pub fn new() -> Strict {
        Strict::with_room(limits::FRAME_BYTES_STEADY)
    }

    /// The same for frames of so many bytes, at least 4; larger ones make it grow.
    pub fn with_room(steady: usize) -> Strict {
        let mut strict = Strict {
            // Quoting doubles at most: a number takes two bytes with what separates it.
            text: Vec::with_capacity(2 * steady + limits::FRAME_PAD_BYTES),
            buffers: Buffers::with_max_depth(2 * steady, limits::FRAME_NESTING_MAX + 1),
            tape: Tape(Vec::with_capacity(steady + 16)),
        };
        // The tape's own index grows with use: the frame with the most structure makes it grow now.
        let mut widest = vec![b'['];
        widest.resize(steady - 2, b'1');
        for comma in widest.iter_mut().skip(2).step_by(2) {
            *comma = b',';
        }
        if widest.last() == Some(&b',') {
            widest.pop();
        }
        widest.push(b']');
        // A plain array of numbers: it parses, and would only have left less room had it not.
        let _ = strict.read(&widest, |_| Ok(()));
        strict
    }

    /// Parses `frame` and hands its root to `take`.
    pub fn read<R>(
        &mut self,
        frame: &[u8],
        take: impl FnOnce(Value<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        if frame.len() > limits::FRAME_BYTES_MAX {
            return Err(Refusal::TooLarge { bytes: frame.len() });
        }
        quote_numbers(frame, &mut self.text)?;
        let len = self.text.len();
        self.text.resize(len + limits::FRAME_PAD_BYTES, b' ');
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed = simd_json::fill_tape_padded(&mut self.text, len, &mut self.buffers, &mut tape);
        let result = match parsed {
            Ok(()) => take(Value { nodes: &tape.0 }),
            Err(error) => Err(Refusal::Json { at: error.index().min(frame.len()) }),
        };
        self.tape = tape.reset();
        result
    }
}

impl<'t> Value<'t> {
    /// The values of `keys` in an object; refused where a key stands twice. `key` names this value
    /// in the refusal when it is no object.
    pub fn pick<const N: usize>(
        self,
        key: &'static str,
        keys: [&'static str; N],
    ) -> Result<[Option<Value<'t>>; N], Refusal> {
        let mut picked = [None; N];
        for (name, value) in self.fields(key)? {
            if let Some(n) = keys.iter().position(|k| *k == name)
                && picked[n].replace(value).is_some()
            {
                return Err(Refusal::DuplicateKey(keys[n]));
            }
        }
        Ok(picked)
    }

    /// Keys and values of an object.
    pub fn fields(
        self,
        key: &'static str,
    ) -> Result<impl Iterator<Item = (&'t str, Value<'t>)>, Refusal> {
        let Some(Node::Object { len, .. }) = self.nodes.first() else {
            return Err(Refusal::BadValue(key));
        };
        let mut rest = &self.nodes[1..];
        Ok((0..*len).map_while(move |_| {
            let Some((Node::String(name), behind)) = rest.split_first() else {
                return None;
            };
            let value = Value { nodes: behind };
            rest = behind.get(value.size()..)?;
            Some((*name, value))
        }))
    }

    /// Items of an array.
    pub fn items(self, key: &'static str) -> Result<impl Iterator<Item = Value<'t>>, Refusal> {
        let Some(Node::Array { len, .. }) = self.nodes.first() else {
            return Err(Refusal::BadValue(key));
        };
        let mut rest = &self.nodes[1..];
        Ok((0..*len).map_while(move |_| {
            let value = Value { nodes: rest };
            rest = rest.get(value.size()..)?;
            Some(value)
        }))
    }

    /// The first `N` items of an array that may have more.
    pub fn leading<const N: usize>(self, key: &'static str) -> Result<[Value<'t>; N], Refusal> {
        let mut found = [self; N];
        let mut items = self.items(key)?;
        for place in &mut found {
            *place = items.next().ok_or(Refusal::BadValue(key))?;
        }
        Ok(found)
    }

    /// Text, or a number as its text.
    pub fn text(self, key: &'static str) -> Result<&'t str, Refusal> {
        match self.nodes.first() {
            Some(Node::String(text)) => Ok(text),
            _ => Err(Refusal::BadValue(key)),
        }
    }

    /// A number, quoted or not.
    pub fn decimal(self, key: &'static str) -> Result<Decimal, Refusal> {
        let text = self.text(key)?;
        Decimal::parse(text.as_bytes()).map_err(|why| Refusal::Number { key, why })
    }

    /// A sum of money, quoted or not: digits that do not fit are cut off.
    pub fn amount(self, key: &'static str) -> Result<Decimal, Refusal> {
        let text = self.text(key)?;
        Decimal::parse_cut(text.as_bytes()).map_err(|why| Refusal::Number { key, why })
    }

    /// A whole number, quoted or not.
    pub fn whole(self, key: &'static str) -> Result<u64, Refusal> {
        let text = self.text(key)?;
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or(Refusal::BadValue(key))
    }

    /// A symbol.
    pub fn symbol(self, key: &'static str) -> Result<Symbol, Refusal> {
        Symbol::new(self.text(key)?.as_bytes()).ok_or(Refusal::BadValue(key))
    }

    /// A time text.
    pub fn time(self, key: &'static str) -> Result<Nanos, Refusal> {
        Nanos::parse(self.text(key)?.as_bytes()).map_err(|_| Refusal::BadValue(key))
    }

    /// A time as whole milliseconds.
    pub fn millis(self, key: &'static str) -> Result<Nanos, Refusal> {
        let millis = i64::try_from(self.whole(key)?).map_err(|_| Refusal::BadValue(key))?;
        match Nanos::from_millis(millis) {
            Nanos::NONE if millis != 0 => Err(Refusal::BadValue(key)),
            time => Ok(time),
        }
    }

    /// `true` or `false`.
    pub fn flag(self, key: &'static str) -> Result<bool, Refusal> {
        match self.nodes.first() {
            Some(Node::Static(StaticNode::Bool(value))) => Ok(*value),
            _ => Err(Refusal::BadValue(key)),
        }
    }

    /// Is it an array?
    pub fn is_array(self) -> bool {
        matches!(self.nodes.first(), Some(Node::Array { .. }))
    }

    /// Is it an object?
    pub fn is_object(self) -> bool {
        matches!(self.nodes.first(), Some(Node::Object { .. }))
    }

    /// Nodes that it takes on the tape.
    fn size(self) -> usize {
        match self.nodes.first() {
            Some(Node::Object { count, .. } | Node::Array { count, .. }) => count + 1,
            _ => 1,
        }
    }
}

/// A value that must be there.
pub fn need<'t>(value: Option<Value<'t>>, key: &'static str) -> Result<Value<'t>, Refusal> {
    value.ok_or(Refusal::MissingKey(key))
}
