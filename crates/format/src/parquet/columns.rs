//! The rows of a row group, gathered by column.
//!
//! Each column has a definition level for every row, 1 where there is a value and 0 for NULL, and
//! as many values as it has ones.

use anyhow::Result;
use bytes::Bytes;
use parquet::{
    basic::Type as Physical,
    data_type::{
        BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
        FixedLenByteArrayType, Int32Type, Int64Type,
    },
    file::writer::{SerializedColumnWriter, SerializedRowGroupWriter},
};
use schema::{AthenaType, Cell};

use crate::parquet::shape::decimal_physical;

/// How many texts or decimals the writer gets at a time; each is a reference of 32 bytes.
const REFERENCES: usize = 1024;

/// Bytes of a decimal that 64 bits do not hold.
const DECIMAL_BYTES: usize = size_of::<i128>();

/// All columns of a row group.
pub(crate) struct Columns {
    columns: Vec<GatheredColumn>,
    rows: usize,
    bytes: usize,
}

struct GatheredColumn {
    levels: Vec<i16>,
    values: GatheredValues,
}

enum GatheredValues {
    Text {
        bytes: Vec<u8>,
        ends: Vec<usize>,
    },
    Double(Vec<f64>),
    Long(Vec<i64>),
    Boolean(Vec<bool>),
    Date(Vec<i32>),
    /// Decimals that 64 bits do not hold, big endian.
    Fixed(Vec<[u8; DECIMAL_BYTES]>),
}

impl Columns {
    pub(crate) fn new(kinds: &[AthenaType]) -> Self {
        Self {
            columns: kinds.iter().copied().map(GatheredColumn::new).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Rows gathered since the last row group.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a row: one cell for each column, of its type.
    pub(crate) fn push(&mut self, row: &[Cell<'_>]) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += column.push(cell);
        }
        self.rows += 1;
    }

    /// Writes the columns into a row group and empties them.
    pub(crate) fn write(
        &mut self,
        row_group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> Result<()> {
        for column in &mut self.columns {
            let Some(mut writer) = row_group.next_column()? else {
                break;
            };
            column.write(&mut writer)?;
            writer.close()?;
        }
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl GatheredColumn {
    fn new(kind: AthenaType) -> Self {
        let values = match kind {
            AthenaType::String | AthenaType::Json => GatheredValues::Text {
                bytes: Vec::new(),
                ends: Vec::new(),
            },
            AthenaType::Double => GatheredValues::Double(Vec::new()),
            AthenaType::BigInt | AthenaType::Timestamp => GatheredValues::Long(Vec::new()),
            AthenaType::Decimal(digits) => match decimal_physical(digits) {
                Physical::INT64 => GatheredValues::Long(Vec::new()),
                _ => GatheredValues::Fixed(Vec::new()),
            },
            AthenaType::Boolean => GatheredValues::Boolean(Vec::new()),
            AthenaType::Date => GatheredValues::Date(Vec::new()),
        };
        Self {
            levels: Vec::new(),
            values,
        }
    }

    /// Takes a cell; returns how many bytes it occupies.
    fn push(&mut self, cell: &Cell<'_>) -> usize {
        let size = match (&mut self.values, cell) {
            (GatheredValues::Text { bytes, ends }, Cell::Text(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
                Some(text.len() + size_of::<usize>())
            }
            (GatheredValues::Double(values), Cell::Double(number)) => put(values, number.to_f64()),
            (GatheredValues::Long(values), Cell::BigInt(number)) => put(values, *number),
            (GatheredValues::Long(values), Cell::Timestamp(millis)) => put(values, *millis),
            (GatheredValues::Boolean(values), Cell::Boolean(value)) => put(values, *value),
            (GatheredValues::Date(values), Cell::Date(days)) => put(values, *days),
            (GatheredValues::Long(values), Cell::Decimal(number)) => {
                // A column of at most 18 digits.
                i64::try_from(number.unscaled)
                    .ok()
                    .and_then(|number| put(values, number))
            }
            (GatheredValues::Fixed(values), Cell::Decimal(number)) => {
                put(values, number.unscaled.to_be_bytes())
            }
            // Cells are made for their columns, so this is NULL and nothing else.
            _ => None,
        };
        self.levels.push(i16::from(size.is_some()));
        size.unwrap_or(0) + size_of::<i16>()
    }

    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let levels = &self.levels;
        match &mut self.values {
            GatheredValues::Text { bytes, ends } => {
                write_texts(writer, levels, std::mem::take(bytes), ends)?;
                ends.clear();
            }
            GatheredValues::Double(values) => write::<DoubleType>(writer, levels, values)?,
            GatheredValues::Long(values) => write::<Int64Type>(writer, levels, values)?,
            GatheredValues::Boolean(values) => write::<BoolType>(writer, levels, values)?,
            GatheredValues::Date(values) => write::<Int32Type>(writer, levels, values)?,
            GatheredValues::Fixed(values) => {
                write_decimals(writer, levels, values)?;
                values.clear();
            }
        }
        self.levels.clear();
        Ok(())
    }
}

fn put<T>(values: &mut Vec<T>, value: T) -> Option<usize> {
    values.push(value);
    Some(size_of::<T>())
}

fn write<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    levels: &[i16],
    values: &mut Vec<T::T>,
) -> Result<()> {
    writer
        .typed::<T>()
        .write_batch(values, Some(levels), None)?;
    values.clear();
    Ok(())
}

fn write_texts(
    writer: &mut SerializedColumnWriter<'_>,
    levels: &[i16],
    bytes: Vec<u8>,
    ends: &[usize],
) -> Result<()> {
    let bytes = Bytes::from(bytes);
    let (mut start, mut ends) = (0, ends.iter());
    let mut texts: Vec<ByteArray> = Vec::with_capacity(REFERENCES);
    for levels in levels.chunks(REFERENCES) {
        let present = levels.iter().filter(|level| **level > 0).count();
        texts.clear();
        for end in ends.by_ref().take(present) {
            texts.push(ByteArray::from(bytes.slice(start..*end)));
            start = *end;
        }
        writer
            .typed::<ByteArrayType>()
            .write_batch(&texts, Some(levels), None)?;
    }
    Ok(())
}

fn write_decimals(
    writer: &mut SerializedColumnWriter<'_>,
    levels: &[i16],
    values: &[[u8; DECIMAL_BYTES]],
) -> Result<()> {
    let (mut values, mut decimals) = (values, Vec::with_capacity(REFERENCES));
    for levels in levels.chunks(REFERENCES) {
        let present = levels.iter().filter(|level| **level > 0).count();
        let (now, later) = values.split_at(present.min(values.len()));
        let bytes = Bytes::copy_from_slice(now.as_flattened());
        decimals.clear();
        decimals.extend((0..now.len()).map(|at| {
            let start = at * DECIMAL_BYTES;
            FixedLenByteArray::from(ByteArray::from(bytes.slice(start..start + DECIMAL_BYTES)))
        }));
        writer
            .typed::<FixedLenByteArrayType>()
            .write_batch(&decimals, Some(levels), None)?;
        values = later;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_counted_as_what_it_takes() {
        let mut columns = Columns::new(&["decimal(38,4)".parse().unwrap()]);
        let decimal = schema::Decimal {
            unscaled: -1,
            scale: 4,
        };
        for _ in 0..1_000 {
            columns.push(&[Cell::Decimal(decimal)]);
        }
        assert_eq!(columns.bytes(), 1_000 * (16 + size_of::<i16>()));
        let GatheredValues::Fixed(values) = &columns.columns[0].values else {
            panic!("decimals of 38 digits are of a fixed length")
        };
        assert_eq!(size_of_val(values.as_slice()), 16_000);
    }
}
