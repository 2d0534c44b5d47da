//! One value of a row, and columns of them.

use std::{borrow::Cow, sync::Arc};

use datafusion::arrow::{
    array::{
        ArrayBuilder as _, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder,
        Float32Builder, Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder,
        StringBuilder, TimestampMillisecondBuilder,
    },
    error::ArrowError,
};

use crate::catalog::hive_type::HiveType;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'t> {
    /// Nothing.
    Null,
    /// A text.
    Text(Cow<'t, str>),
    /// A number with a fraction; of a `float`, rounded to it.
    Double(f64),
    /// A `float`.
    Float(f32),
    /// A whole number that fits its column.
    Whole(i64),
    /// True or false.
    Boolean(bool),
    /// Days since 1970-01-01.
    Days(i32),
    /// Milliseconds since 1970-01-01.
    Millis(i64),
    /// An exact number, without its point: the column has the scale.
    Unscaled(i128),
}

/// A column that grows.
pub enum CellColumn {
    /// `string` and `varchar`.
    Text(StringBuilder),
    /// `double`.
    Double(Float64Builder),
    /// `float`.
    Float(Float32Builder),
    /// `bigint`.
    Long(Int64Builder),
    /// `int`.
    Int(Int32Builder),
    /// `smallint`.
    Short(Int16Builder),
    /// `tinyint`.
    Byte(Int8Builder),
    /// `boolean`.
    Boolean(BooleanBuilder),
    /// `date`.
    Date(Date32Builder),
    /// `timestamp`.
    Timestamp(TimestampMillisecondBuilder),
    /// `decimal`.
    Decimal(Decimal128Builder),
}

impl CellColumn {
    /// An empty column.
    ///
    /// # Errors
    /// When a decimal has more digits than there are, which [`HiveType::read`] refuses.
    pub fn new(kind: HiveType) -> Result<Self, ArrowError> {
        Ok(match kind {
            HiveType::String | HiveType::Varchar(_) => Self::Text(StringBuilder::new()),
            HiveType::Double => Self::Double(Float64Builder::new()),
            HiveType::Float => Self::Float(Float32Builder::new()),
            HiveType::BigInt => Self::Long(Int64Builder::new()),
            HiveType::Int => Self::Int(Int32Builder::new()),
            HiveType::SmallInt => Self::Short(Int16Builder::new()),
            HiveType::TinyInt => Self::Byte(Int8Builder::new()),
            HiveType::Boolean => Self::Boolean(BooleanBuilder::new()),
            HiveType::Date => Self::Date(Date32Builder::new()),
            HiveType::Timestamp => Self::Timestamp(TimestampMillisecondBuilder::new()),
            HiveType::Decimal { precision, scale } => {
                let builder = Decimal128Builder::new();
                Self::Decimal(builder.with_precision_and_scale(precision, scale as i8)?)
            }
        })
    }

    /// Appends a value.
    ///
    /// # Panics
    /// When the value is of another type than the column: readers make cells by the column's type.
    pub fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Text(column), Cell::Text(text)) => column.append_value(text),
            (Self::Double(column), Cell::Double(number)) => column.append_value(*number),
            (Self::Float(column), Cell::Float(number)) => column.append_value(*number),
            (Self::Long(column), Cell::Whole(number)) => column.append_value(*number),
            // Readers check the range.
            (Self::Int(column), Cell::Whole(number)) => column.append_value(*number as i32),
            (Self::Short(column), Cell::Whole(number)) => column.append_value(*number as i16),
            (Self::Byte(column), Cell::Whole(number)) => column.append_value(*number as i8),
            (Self::Boolean(column), Cell::Boolean(value)) => column.append_value(*value),
            (Self::Date(column), Cell::Days(days)) => column.append_value(*days),
            (Self::Timestamp(column), Cell::Millis(millis)) => column.append_value(*millis),
            (Self::Decimal(column), Cell::Unscaled(number)) => column.append_value(*number),
            (column, Cell::Null) => column.append_null(),
            (_, cell) => panic!("a cell {cell:?} is of another type than its column"),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(column) => column.append_null(),
            Self::Double(column) => column.append_null(),
            Self::Float(column) => column.append_null(),
            Self::Long(column) => column.append_null(),
            Self::Int(column) => column.append_null(),
            Self::Short(column) => column.append_null(),
            Self::Byte(column) => column.append_null(),
            Self::Boolean(column) => column.append_null(),
            Self::Date(column) => column.append_null(),
            Self::Timestamp(column) => column.append_null(),
            Self::Decimal(column) => column.append_null(),
        }
    }

    /// How many values it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::Double(column) => column.len(),
            Self::Float(column) => column.len(),
            Self::Long(column) => column.len(),
            Self::Int(column) => column.len(),
            Self::Short(column) => column.len(),
            Self::Byte(column) => column.len(),
            Self::Boolean(column) => column.len(),
            Self::Date(column) => column.len(),
            Self::Timestamp(column) => column.len(),
            Self::Decimal(column) => column.len(),
        }
    }

    /// The values so far; the column is empty afterwards.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Double(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Long(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Short(column) => Arc::new(column.finish()),
            Self::Byte(column) => Arc::new(column.finish()),
            Self::Boolean(column) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Timestamp(column) => Arc::new(column.finish()),
            Self::Decimal(column) => Arc::new(column.finish()),
        }
    }
}
