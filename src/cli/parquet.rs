//! The rows of `features` as Parquet: prices and quantities as doubles, labels that are not known
//! as NaN.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use crate::base::Instruments;
use crate::event::{FEATURES, HORIZONS};
use crate::train::{Row, Sheet};

/// Rows that are written at once: a few megabytes.
const GROUP_ROWS: usize = 1 << 16;

/// Columns in front of the features.
const TEXTS: [&str; 3] = ["venue", "symbol", "state"];

/// Writes all rows.
pub(super) fn write(sheet: &Sheet, instruments: &Instruments, file: &mut File) -> io::Result<()> {
    write_all(sheet, instruments, file.try_clone()?).map_err(io::Error::other)
}

fn write_all(sheet: &Sheet, instruments: &Instruments, file: File) -> Result<()> {
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema()?), properties)?;
    for rows in sheet.rows.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group()?;
        write_group(&mut group, sheet, instruments, rows)?;
        group.close()?;
    }
    writer.close().map(|_| ())
}

fn schema() -> Result<Type> {
    let column = |name: String| {
        let is_text = TEXTS.contains(&name.as_str());
        let (physical, converted) = match name.as_str() {
            "frame" => (Physical::INT64, ConvertedType::UINT_64),
            "recv_ns" => (Physical::INT64, ConvertedType::NONE),
            "ready" => (Physical::INT32, ConvertedType::NONE),
            _ if is_text => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            "bid" | "ask" | "bid_qty" | "ask_qty" => (Physical::DOUBLE, ConvertedType::NONE),
            name if name.starts_with("ahead_") => (Physical::DOUBLE, ConvertedType::NONE),
            _ => (Physical::FLOAT, ConvertedType::NONE),
        };
        let builder = Type::primitive_type_builder(&name, physical);
        let builder = builder.with_repetition(Repetition::REQUIRED);
        builder.with_converted_type(converted).build().map(Arc::new)
    };
    let columns = Sheet::columns().into_iter().map(column).collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("features").with_fields(columns).build()
}

fn write_group(
    group: &mut SerializedRowGroupWriter<'_, File>,
    sheet: &Sheet,
    instruments: &Instruments,
    rows: &[Row],
) -> Result<()> {
    let of = |row: &Row| instruments.iter().nth(row.instrument as usize);
    put::<Int64Type>(group, rows.iter().map(|row| row.frame as i64))?;
    put::<Int64Type>(group, rows.iter().map(|row| row.recv_ns))?;
    let venue = |row: &Row| ByteArray::from(of(row).map_or("", |i| i.venue));
    put::<ByteArrayType>(group, rows.iter().map(venue))?;
    let symbol = |row: &Row| ByteArray::from(of(row).map_or("", |i| i.symbol.as_str()));
    put::<ByteArrayType>(group, rows.iter().map(symbol))?;
    put::<ByteArrayType>(group, rows.iter().map(|row| ByteArray::from(row.state.name())))?;
    for n in 0..4 {
        let number = |row: &Row| {
            let (units, decimals) = row.numbers()[n];
            units as f64 / 10_f64.powi(i32::from(decimals))
        };
        put::<DoubleType>(group, rows.iter().map(number))?;
    }
    for place in 0..FEATURES {
        put::<FloatType>(group, rows.iter().map(|row| row.values[place]))?;
    }
    put::<Int32Type>(group, rows.iter().map(|row| i32::from(row.ready)))?;
    let labels: Vec<_> = rows.iter().map(|row| sheet.ahead(row)).collect();
    for h in 0..HORIZONS {
        put::<DoubleType>(group, labels.iter().map(|label| label[h].unwrap_or(f64::NAN)))?;
    }
    Ok(())
}

/// Writes the next column.
fn put<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: impl Iterator<Item = T::T>,
) -> Result<()> {
    let values: Vec<T::T> = values.collect();
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    column.typed::<T>().write_batch(&values, None, None)?;
    column.close()
}
