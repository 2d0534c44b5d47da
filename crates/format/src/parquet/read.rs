//! The rows of a Parquet file: typed as its columns are ([`read`]), or whatever they are
//! ([`each_row`]).
//!
//! The file is in memory as a whole, because its index lies at its end; only a few thousand of its
//! rows are unpacked at a time. Not here: what the columns should be, and what rows are for.

use std::fmt::Debug;

use bytes::Bytes;
use parquet::{
    basic::Type as PhysicalType,
    column::reader::ColumnReader,
    data_type::{ByteArray, FixedLenByteArray},
    errors::ParquetError,
    file::{
        reader::{FileReader as _, RowGroupReader},
        serialized_reader::SerializedFileReader,
    },
    schema::types::ColumnDescriptor,
};
use schema::{AthenaType, Decimal};

use crate::parquet::shape::decimal_physical;

/// Rows that are unpacked at a time.
const BATCH: usize = 2_048;

/// What a row has for one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'b> {
    /// Nothing.
    Null,
    /// UTF-8, as its writer says.
    Text(&'b [u8]),
    /// Eight bytes, as IEEE 754 has them.
    Double(f64),
    /// Eight bytes, signed.
    BigInt(i64),
    /// True or false.
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// An exact number.
    Decimal(Decimal),
}

/// Hands all rows to `take`, in their order, if the file has exactly these columns, of these types
/// and in this order.
///
/// # Errors
/// Why it is not such a file, or what `take` says.
pub fn read(
    body: Bytes,
    columns: &[(&str, AthenaType)],
    mut take: impl FnMut(&[Value<'_>]) -> Result<(), String>,
) -> Result<(), String> {
    let broken = |error: ParquetError| format!("it is no Parquet file ({error})");
    let reader = SerializedFileReader::new(body).map_err(broken)?;
    let found = reader.metadata().file_metadata().schema_descr().columns();
    check_columns(found.iter().map(AsRef::as_ref), columns)?;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(broken)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let batches = (0..columns.len()).map(|at| UnpackedColumn::new(&*group, at, columns[at].1));
        let mut batches: Vec<UnpackedColumn> = batches.collect::<Result<_, _>>().map_err(broken)?;
        let mut left = rows;
        while left > 0 {
            let count = left.min(BATCH);
            for column in &mut batches {
                column.fill(count)?;
            }
            give(&mut batches, count, &mut take)?;
            left -= count;
        }
    }
    Ok(())
}

/// Hands each row to `take`, in their order and whatever the columns are. A row formatted with
/// `{:?}` tells NULL from a text, and keeps each digit.
///
/// Rows are counted by reading them, not by what the file says of itself.
///
/// # Errors
/// Why it is not a Parquet file.
pub fn each_row(body: Bytes, mut take: impl FnMut(&dyn Debug)) -> Result<(), String> {
    let broken = |error: ParquetError| format!("it is no Parquet file ({error})");
    let reader = SerializedFileReader::new(body).map_err(broken)?;
    for row in reader.get_row_iter(None).map_err(broken)? {
        take(&row.map_err(broken)?);
    }
    Ok(())
}

fn give(
    columns: &mut [UnpackedColumn],
    count: usize,
    take: &mut impl FnMut(&[Value<'_>]) -> Result<(), String>,
) -> Result<(), String> {
    let mut next = vec![0; columns.len()];
    let mut row = Vec::with_capacity(columns.len());
    for at in 0..count {
        row.clear();
        for (column, next) in columns.iter().zip(&mut next) {
            row.push(column.value(at, next));
        }
        take(&row)?;
    }
    Ok(())
}

fn check_columns<'c>(
    found: impl ExactSizeIterator<Item = &'c ColumnDescriptor>,
    wanted: &[(&str, AthenaType)],
) -> Result<(), String> {
    let different = |text: String| format!("its columns are not those of its schema: {text}");
    if found.len() != wanted.len() {
        let text = format!("it has {}, and should have {}", found.len(), wanted.len());
        return Err(different(text));
    }
    for (found, (name, kind)) in found.zip(wanted) {
        let flat = found.max_rep_level() == 0 && found.max_def_level() <= 1;
        let digits = match kind {
            AthenaType::Decimal(digits) => {
                found.type_precision() == i32::from(digits.precision())
                    && found.type_scale() == i32::from(digits.scale())
            }
            _ => true,
        };
        let typed = found.physical_type() == physical(*kind) && digits;
        let same = found.name() == *name && typed && flat;
        if !same {
            let (there, found) = (found.name(), found.physical_type());
            return Err(different(format!(
                "'{}' of type {found} is in the place of '{name}' of type {}",
                there.escape_debug(),
                kind.name()
            )));
        }
    }
    Ok(())
}

fn physical(kind: AthenaType) -> PhysicalType {
    match kind {
        AthenaType::String | AthenaType::Json => PhysicalType::BYTE_ARRAY,
        AthenaType::Decimal(digits) => decimal_physical(digits),
        AthenaType::Double => PhysicalType::DOUBLE,
        AthenaType::BigInt | AthenaType::Timestamp => PhysicalType::INT64,
        AthenaType::Boolean => PhysicalType::BOOLEAN,
        AthenaType::Date => PhysicalType::INT32,
    }
}

/// One column of a row group, and the rows of it that are unpacked.
struct UnpackedColumn {
    reader: ColumnReader,
    kind: AthenaType,
    optional: bool,
    levels: Vec<i16>,
    values: UnpackedValues,
}

/// The values of those rows, without NULLs.
#[derive(Default)]
struct UnpackedValues {
    texts: Vec<ByteArray>,
    doubles: Vec<f64>,
    longs: Vec<i64>,
    booleans: Vec<bool>,
    dates: Vec<i32>,
    fixed: Vec<FixedLenByteArray>,
}

impl UnpackedColumn {
    fn new(group: &dyn RowGroupReader, at: usize, kind: AthenaType) -> Result<Self, ParquetError> {
        let descriptor = group.metadata().column(at).column_descr();
        Ok(Self {
            optional: descriptor.max_def_level() > 0,
            reader: group.get_column_reader(at)?,
            kind,
            levels: Vec::new(),
            values: UnpackedValues::default(),
        })
    }

    /// Unpacks the next rows.
    fn fill(&mut self, count: usize) -> Result<(), String> {
        let Self {
            reader,
            levels,
            values,
            ..
        } = self;
        levels.clear();
        values.clear();
        let read = match reader {
            ColumnReader::ByteArrayColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.texts)
            }
            ColumnReader::DoubleColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.doubles)
            }
            ColumnReader::Int64ColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.longs)
            }
            ColumnReader::BoolColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.booleans)
            }
            ColumnReader::Int32ColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.dates)
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                reader.read_records(count, Some(levels), None, &mut values.fixed)
            }
            _ => return Err("it has a column of a type that no schema has".to_owned()),
        };
        match read {
            Ok((records, _, _)) if records == count => Ok(()),
            Ok((records, _, _)) => Err(format!(
                "it is no Parquet file (a column ends {} rows before its row group)",
                count - records
            )),
            Err(error) => Err(format!("it is no Parquet file ({error})")),
        }
    }

    /// What row `at` of the unpacked ones has; `next` counts the values that were returned.
    fn value(&self, at: usize, next: &mut usize) -> Value<'_> {
        if self.optional && self.levels[at] == 0 {
            return Value::Null;
        }
        let (values, place) = (&self.values, *next);
        *next += 1;
        match self.kind {
            AthenaType::Decimal(digits) => {
                let unscaled = match decimal_physical(digits) {
                    PhysicalType::INT64 => values.longs[place].into(),
                    _ => unscaled(values.fixed[place].data()),
                };
                let scale = digits.scale();
                Value::Decimal(Decimal { unscaled, scale })
            }
            AthenaType::String | AthenaType::Json => Value::Text(values.texts[place].data()),
            AthenaType::Double => Value::Double(values.doubles[place]),
            AthenaType::BigInt => Value::BigInt(values.longs[place]),
            AthenaType::Timestamp => Value::Timestamp(values.longs[place]),
            AthenaType::Boolean => Value::Boolean(values.booleans[place]),
            AthenaType::Date => Value::Date(values.dates[place]),
        }
    }
}

/// A number of up to 16 bytes, big endian.
fn unscaled(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes
        .iter()
        .fold(start, |number, byte| number << 8 | i128::from(*byte))
}

impl UnpackedValues {
    fn clear(&mut self) {
        self.texts.clear();
        self.doubles.clear();
        self.longs.clear();
        self.booleans.clear();
        self.dates.clear();
        self.fixed.clear();
    }
}
