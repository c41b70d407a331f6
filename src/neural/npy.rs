//! `.npy` files: arrays of floats, in and out.
//!
//! In: bytes of any origin. Out: a shape and its numbers as `f32`. Format: `numpy/lib/format.py`,
//! versions 1 to 3.
//! Never: an array with another count of numbers than its shape says, in another order than the
//! last axis first, or of anything but floats.

use std::path::Path;
use std::{fs, io};

use crate::limits;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub struct Npy {
    /// Sizes, the last one the quickest.
    pub shape: Vec<usize>,
    /// As many numbers as the sizes ask for.
    pub data: Vec<f32>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// It cannot be read or written.
    #[error("cannot open {path}: {source}; name a file that is there and may be read")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is no such array.
    #[error("no array of floats: {found}; save it by numpy.save, as float32 and C-contiguous")]
    Refused {
        /// What is there.
        found: String,
    },
}

impl Npy {
    /// Reads a file of at most [`limits::ARRAY_BYTES_MAX`].
    pub fn load(path: &Path) -> Result<Npy, NpyError> {
        let io = |source| NpyError::Io { path: path.display().to_string(), source };
        let found = fs::metadata(path).map_err(io)?.len();
        if found > limits::ARRAY_BYTES_MAX as u64 {
            return Err(refused(format!("{found} bytes, more than {}", limits::ARRAY_BYTES_MAX)));
        }
        Npy::decode(&fs::read(path).map_err(io)?)
    }

    /// Writes a file.
    pub fn save(&self, path: &Path) -> Result<(), NpyError> {
        let io = |source| NpyError::Io { path: path.display().to_string(), source };
        fs::write(path, self.encode()).map_err(io)
    }

    /// From a file's bytes.
    pub fn decode(bytes: &[u8]) -> Result<Npy, NpyError> {
        let cut = || refused("a file that is cut off");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| refused("another kind of file"))?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let (len, rest) = match version[0] {
            1 => {
                let (len, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
                (usize::from(u16::from_le_bytes(*len)), rest)
            }
            2 | 3 => {
                let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
                (u32::from_le_bytes(*len) as usize, rest)
            }
            other => return Err(refused(format!("version {other}"))),
        };
        let (head, data) = rest.split_at_checked(len).ok_or_else(cut)?;
        let head = std::str::from_utf8(head).map_err(|_| refused("a head that is no text"))?;
        if !value(head, "fortran_order").is_some_and(|text| text.starts_with("False")) {
            return Err(refused("an array in Fortran order"));
        }
        let shape = shape(head).ok_or_else(|| refused("a head without a shape"))?;
        let data: Vec<f32> = match value(head, "descr").and_then(|text| text.get(1..4)) {
            Some("<f4") => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Some("<f8") => {
                data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect()
            }
            other => return Err(refused(format!("numbers of the kind {other:?}"))),
        };
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        if count != Some(data.len()) {
            return Err(refused(format!("{} numbers for the shape {shape:?}", data.len())));
        }
        Ok(Npy { shape, data })
    }

    /// Into a file's bytes, of version 1.
    pub fn encode(&self) -> Vec<u8> {
        let sizes = self.shape.iter().fold(String::new(), |all, size| all + &format!("{size},"));
        let mut head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
        // Data begin at a multiple of 64 bytes, behind a line feed.
        let begin = MAGIC.len() + 4 + head.len() + 1;
        head.push_str(&" ".repeat(begin.next_multiple_of(64) - begin));
        head.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(self.data.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }
}

/// What follows a key of the head.
fn value<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!("'{key}':"))?;
    Some(rest.trim_start())
}

fn shape(head: &str) -> Option<Vec<usize>> {
    let (sizes, _) = value(head, "shape")?.strip_prefix('(')?.split_once(')')?;
    let words = sizes.split(',').map(str::trim).filter(|word| !word.is_empty());
    let sizes: Option<Vec<usize>> = words.map(|word| word.parse().ok()).collect();
    sizes.filter(|sizes| sizes.len() <= limits::MODEL_RANK_MAX)
}

fn refused(found: impl Into<String>) -> NpyError {
    NpyError::Refused { found: found.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(head: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 3], vec![1, 2, 3]] {
            let count: usize = shape.iter().product();
            let array = Npy { shape, data: (0..count).map(|n| n as f32).collect() };
            let file = array.encode();
            assert_eq!(Npy::decode(&file).unwrap(), array);
            assert_eq!((file.len() - array.data.len() * 4) % 64, 0, "data are aligned");
        }
    }

    #[test]
    fn heads_as_numpy_writes_them_are_read() {
        let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }          \n";
        let data: Vec<u8> = [0.5_f64, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let array = Npy::decode(&bytes(head, &data)).unwrap();
        assert_eq!(array, Npy { shape: vec![2], data: vec![0.5, -2.0] });
    }

    #[test]
    fn what_lies_or_is_something_else_is_refused() {
        let text = |bytes: &[u8]| Npy::decode(bytes).unwrap_err().to_string();
        let head = |descr: &str, order: &str, shape: &str| {
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n")
        };
        assert!(text(b"PK").contains("another kind"));
        assert!(text(b"\x93NUMPY\x01\x00\xFF\xFF").contains("cut off"));
        assert!(text(b"\x93NUMPY\x09\x00\x01\x00 ").contains("version 9"));
        assert!(text(&bytes(&head("<i8", "False", "(1,)"), &[0; 8])).contains("<i8"));
        assert!(text(&bytes(&head("<f4", "True", "(1,)"), &[0; 4])).contains("Fortran"));
        assert!(text(&bytes(&head("<f4", "False", "(2,)"), &[0; 4])).contains("1 numbers"));
        let huge = "(9999999999999, 9999999999999)";
        assert!(text(&bytes(&head("<f4", "False", huge), &[0; 4])).contains("1 numbers"));
    }
}
