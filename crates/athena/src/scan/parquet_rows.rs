//! Rows of Parquet files: columns by name, whatever else the files have.
//!
//! A column that a file lacks is NULL there. A column of another type is an error: Athena says
//! HIVE_BAD_DATA. The file is in memory as a whole, because its index lies at its end.

use std::borrow::Cow;

use bytes::Bytes;
use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType},
    column::reader::ColumnReader,
    data_type::{ByteArray, FixedLenByteArray, Int96},
    errors::ParquetError,
    file::{
        reader::{FileReader as _, RowGroupReader},
        serialized_reader::SerializedFileReader,
    },
    schema::types::ColumnDescriptor,
};

use super::{
    cell::Cell,
    row_builder::RowBuilder,
    text_lines::TakerStop,
    wanted_column::{WantedColumn, cut},
};
use crate::catalog::hive_type::HiveType;

/// Rows that are unpacked at a time.
const MOST_UNPACKED: usize = 2_048;

/// Puts the rows of a file; `hand_over` is called whenever the builder may be full. Returns the
/// stored bytes of the columns that were read.
///
/// # Errors
/// Why it is no such file, or what `hand_over` says.
pub(super) fn put_file(
    body: Bytes,
    wanted: &[WantedColumn],
    rows: &mut RowBuilder,
    mut hand_over: impl FnMut(&mut RowBuilder) -> Result<(), TakerStop>,
) -> Result<u64, TakerStop> {
    let reader = SerializedFileReader::new(body).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let mut places = Vec::with_capacity(wanted.len());
    for column in wanted {
        let same = |found: &std::sync::Arc<ColumnDescriptor>| {
            let parts = found.path().parts();
            parts
                .first()
                .is_some_and(|name| name.to_lowercase() == column.name)
        };
        let Some(number) = schema.columns().iter().position(same) else {
            places.push(None);
            continue;
        };
        let form = Form::of(&schema.column(number), column.kind).ok_or_else(|| {
            let found = schema.column(number);
            TakerStop::Refused(format!(
                "its column {} is {} and no {}; declare the column as what the file has",
                column.name,
                shown(&found),
                column.kind
            ))
        })?;
        places.push(Some(Place { number, form }));
    }
    let mut read_bytes = 0;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(broken)?;
        let mut readers = Vec::with_capacity(wanted.len());
        for place in &places {
            let Some(place) = place else {
                readers.push(None);
                continue;
            };
            let size = group.metadata().column(place.number).compressed_size();
            read_bytes += u64::try_from(size).unwrap_or(0);
            readers.push(Some(FileColumn::new(&*group, place)?));
        }
        let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        while left > 0 {
            let count = left.min(MOST_UNPACKED).min(rows.room());
            if count == 0 {
                hand_over(rows)?;
                continue;
            }
            for (column, reader) in wanted.iter().zip(&mut readers) {
                match reader {
                    Some(reader) => reader.put(column, count, rows)?,
                    None => (0..count).for_each(|_| rows.put(column.slot, &Cell::Null)),
                }
            }
            rows.end_rows(count);
            left -= count;
        }
    }
    Ok(read_bytes)
}

fn broken(error: ParquetError) -> TakerStop {
    TakerStop::Refused(format!("it is no Parquet file that is read here ({error})"))
}

/// A column of the file that is read.
struct Place {
    number: usize,
    form: Form,
}

/// How the values of a file's column become those of the table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Double,
    Float,
    /// A number whose range fits the column's.
    Whole,
    Boolean,
    Days,
    /// A time in units of which a millisecond has so many, or the other way round.
    Time(TimeStep),
    /// A decimal of the same scale.
    Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeStep {
    Millis,
    Micros,
    Nanos,
    /// Nanoseconds of a day and a Julian day.
    Julian,
}

impl Form {
    /// `None` when the file's column is of another type.
    fn of(found: &ColumnDescriptor, kind: HiveType) -> Option<Self> {
        if found.max_rep_level() > 0 || found.path().parts().len() > 1 {
            return None;
        }
        let physical = found.physical_type();
        let logical = found.logical_type_ref();
        let converted = found.converted_type();
        let is_decimal =
            matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
        let is_plain = match logical {
            None => matches!(
                converted,
                ConvertedType::NONE
                    | ConvertedType::INT_8
                    | ConvertedType::INT_16
                    | ConvertedType::INT_32
                    | ConvertedType::INT_64
            ),
            Some(LogicalType::Integer(integer)) => integer.is_signed,
            Some(_) => false,
        };
        let is_text = matches!(
            logical,
            None | Some(LogicalType::String | LogicalType::Json | LogicalType::Enum)
        ) && !is_decimal;
        match (kind, physical) {
            (HiveType::String | HiveType::Varchar(_), PhysicalType::BYTE_ARRAY) if is_text => {
                Some(Self::Text)
            }
            (HiveType::Double, PhysicalType::DOUBLE) => Some(Self::Double),
            (HiveType::Double, PhysicalType::FLOAT) => Some(Self::Float),
            (HiveType::Float, PhysicalType::FLOAT) => Some(Self::Float),
            (HiveType::BigInt, PhysicalType::INT64 | PhysicalType::INT32)
            | (HiveType::Int | HiveType::SmallInt | HiveType::TinyInt, PhysicalType::INT32)
                if is_plain =>
            {
                Some(Self::Whole)
            }
            (HiveType::Boolean, PhysicalType::BOOLEAN) => Some(Self::Boolean),
            (HiveType::Date, PhysicalType::INT32)
                if matches!(logical, Some(LogicalType::Date))
                    || converted == ConvertedType::DATE =>
            {
                Some(Self::Days)
            }
            (HiveType::Timestamp, PhysicalType::INT96) => Some(Self::Time(TimeStep::Julian)),
            (HiveType::Timestamp, PhysicalType::INT64) => match (logical, converted) {
                (Some(LogicalType::Timestamp(time)), _) => Some(Self::Time(match time.unit {
                    TimeUnit::MILLIS => TimeStep::Millis,
                    TimeUnit::MICROS => TimeStep::Micros,
                    TimeUnit::NANOS => TimeStep::Nanos,
                })),
                (None, ConvertedType::TIMESTAMP_MILLIS) => Some(Self::Time(TimeStep::Millis)),
                (None, ConvertedType::TIMESTAMP_MICROS) => Some(Self::Time(TimeStep::Micros)),
                _ => None,
            },
            (HiveType::Decimal { precision, scale }, _)
                if is_decimal
                    && found.type_scale() == i32::from(scale)
                    && found.type_precision() <= i32::from(precision) =>
            {
                Some(Self::Decimal)
            }
            _ => None,
        }
    }
}

fn shown(found: &ColumnDescriptor) -> String {
    let physical = found.physical_type();
    if found.max_rep_level() > 0 || found.path().parts().len() > 1 {
        return "nested".to_owned();
    }
    match found.logical_type_ref() {
        Some(LogicalType::Decimal(_)) => {
            format!("decimal({},{})", found.type_precision(), found.type_scale())
        }
        Some(logical) => format!("{logical:?} as {physical}"),
        None => format!("{physical}"),
    }
}

/// A column of a row group, and what is unpacked of it.
struct FileColumn {
    reader: ColumnReader,
    form: Form,
    is_optional: bool,
    levels: Vec<i16>,
}

impl FileColumn {
    fn new(group: &dyn RowGroupReader, place: &Place) -> Result<Self, TakerStop> {
        let descriptor = group.metadata().column(place.number).column_descr();
        Ok(Self {
            is_optional: descriptor.max_def_level() > 0,
            reader: group.get_column_reader(place.number).map_err(broken)?,
            form: place.form,
            levels: Vec::new(),
        })
    }

    /// Puts the column's values of the next rows.
    fn put(
        &mut self,
        column: &WantedColumn,
        count: usize,
        rows: &mut RowBuilder,
    ) -> Result<(), TakerStop> {
        let Self {
            reader,
            form,
            is_optional,
            levels,
        } = self;
        levels.clear();
        let form = *form;
        macro_rules! read {
            ($reader:expr, $value:ty, $cell:expr) => {{
                let mut values: Vec<$value> = Vec::new();
                let read = $reader.read_records(count, Some(levels), None, &mut values);
                let (records, _, _) = read.map_err(broken)?;
                if records != count {
                    let problem = "a column ends before its row group";
                    return Err(TakerStop::Refused(problem.to_owned()));
                }
                let mut values = values.iter();
                for row in 0..count {
                    let is_there = !*is_optional || levels[row] > 0;
                    let cell = match is_there.then(|| values.next()).flatten() {
                        Some(value) => $cell(value).map_err(TakerStop::Refused)?,
                        None => Cell::Null,
                    };
                    rows.put(column.slot, &cell);
                }
            }};
        }
        match reader {
            ColumnReader::ByteArrayColumnReader(reader) => {
                read!(reader, ByteArray, |value: &ByteArray| match form {
                    Form::Text => {
                        let text = String::from_utf8_lossy(value.data());
                        Ok(Cell::Text(Cow::Owned(cut(column.kind, &text).to_owned())))
                    }
                    _ => decimal(value.data()),
                });
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                read!(reader, FixedLenByteArray, |value: &FixedLenByteArray| {
                    decimal(value.data())
                });
            }
            ColumnReader::DoubleColumnReader(reader) => {
                read!(reader, f64, |value: &f64| Ok::<_, String>(Cell::Double(
                    *value
                )));
            }
            ColumnReader::FloatColumnReader(reader) => {
                read!(reader, f32, |value: &f32| Ok::<_, String>(
                    match column.kind {
                        HiveType::Double => Cell::Double((*value).into()),
                        _ => Cell::Float(*value),
                    }
                ));
            }
            ColumnReader::Int32ColumnReader(reader) => {
                read!(reader, i32, |value: &i32| match form {
                    Form::Days => Ok(Cell::Days(*value)),
                    Form::Decimal => Ok(Cell::Unscaled((*value).into())),
                    _ => whole(column, (*value).into()),
                });
            }
            ColumnReader::Int64ColumnReader(reader) => {
                read!(reader, i64, |value: &i64| Ok::<_, String>(match form {
                    Form::Time(step) => Cell::Millis(millis(*value, step)),
                    Form::Decimal => Cell::Unscaled((*value).into()),
                    _ => Cell::Whole(*value),
                }));
            }
            ColumnReader::BoolColumnReader(reader) => {
                read!(reader, bool, |value: &bool| Ok::<_, String>(Cell::Boolean(
                    *value
                )));
            }
            ColumnReader::Int96ColumnReader(reader) => {
                read!(reader, Int96, |value: &Int96| Ok::<_, String>(
                    Cell::Millis(value.to_millis())
                ));
            }
        }
        Ok(())
    }
}

fn whole(column: &WantedColumn, number: i64) -> Result<Cell<'static>, String> {
    let fits = match column.kind {
        HiveType::SmallInt => i16::try_from(number).is_ok(),
        HiveType::TinyInt => i8::try_from(number).is_ok(),
        _ => true,
    };
    if fits {
        Ok(Cell::Whole(number))
    } else {
        Err(format!(
            "{number} in the column {} is no {}; declare int",
            column.name, column.kind
        ))
    }
}

/// Rounds as Trino does: half away from the past.
fn millis(value: i64, step: TimeStep) -> i64 {
    let step: i64 = match step {
        TimeStep::Millis | TimeStep::Julian => return value,
        TimeStep::Micros => 1_000,
        TimeStep::Nanos => 1_000_000,
    };
    let rest = value.rem_euclid(step);
    value.div_euclid(step) + i64::from(rest >= step / 2)
}

/// A number of up to 16 bytes, big endian.
fn decimal(bytes: &[u8]) -> Result<Cell<'static>, String> {
    if bytes.len() > 16 {
        return Err("a decimal has more than 38 digits".to_owned());
    }
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if is_negative { -1 } else { 0 };
    let number = bytes
        .iter()
        .fold(start, |number: i128, byte| number << 8 | i128::from(*byte));
    Ok(Cell::Unscaled(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_milliseconds() {
        assert_eq!(millis(1_499, TimeStep::Micros), 1);
        assert_eq!(millis(1_500, TimeStep::Micros), 2);
        assert_eq!(millis(-1, TimeStep::Micros), 0);
        assert_eq!(millis(1_500_000, TimeStep::Nanos), 2);
        assert_eq!(millis(7, TimeStep::Millis), 7);
    }

    #[test]
    fn decimals_have_a_sign() {
        assert_eq!(decimal(&[0xff, 0xfe]), Ok(Cell::Unscaled(-2)));
        assert_eq!(decimal(&[0, 0xfe]), Ok(Cell::Unscaled(254)));
        assert!(decimal(&[0; 17]).is_err());
    }
}
