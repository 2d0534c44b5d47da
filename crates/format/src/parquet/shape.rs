//! What all Parquet files of one encoding have in common: their columns and how to write them.

use std::sync::Arc;

use anyhow::Result;
use parquet::{
    basic::{
        Compression as Codec, LogicalType, Repetition, TimeUnit, Type as PhysicalType, ZstdLevel,
    },
    file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr},
    schema::types::{ColumnPath, Type, TypePtr},
};
use schema::{AthenaType, DecimalDigits, TableSchema};

use crate::{
    options::{Compression, EncodingOptions, RecordSource},
    rows,
};

/// What the files of one encoding have in common.
#[derive(Clone, Debug)]
pub(crate) struct ParquetShape {
    pub(crate) schema: TypePtr,
    pub(crate) properties: WriterPropertiesPtr,
    pub(crate) kinds: Arc<[AthenaType]>,
    pub(crate) origin: RecordSource,
}

impl ParquetShape {
    pub(crate) fn new(schema: &TableSchema, options: &EncodingOptions) -> Result<Self> {
        let columns = rows::columns(schema, options.metadata_columns);
        let fields: Result<Vec<TypePtr>> = columns
            .iter()
            .map(|(name, kind)| field(name, *kind))
            .collect();
        let message = Type::group_type_builder("schema")
            .with_fields(fields?)
            .build()?;
        Ok(Self {
            schema: Arc::new(message),
            properties: Arc::new(properties(&columns, options)?),
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
            origin: options.origin.clone(),
        })
    }
}

/// What holds a decimal: a 64-bit integer where all its digits fit, otherwise 16 bytes.
pub(crate) fn decimal_physical(digits: DecimalDigits) -> PhysicalType {
    match digits.precision() {
        ..=18 => PhysicalType::INT64,
        _ => PhysicalType::FIXED_LEN_BYTE_ARRAY,
    }
}

fn field(name: &str, kind: AthenaType) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        // A json column is text to Athena, which reads it with its JSON functions.
        AthenaType::String | AthenaType::Json => {
            (PhysicalType::BYTE_ARRAY, Some(LogicalType::String))
        }
        AthenaType::Decimal(digits) => {
            let logical = LogicalType::decimal(digits.scale().into(), digits.precision().into());
            (decimal_physical(digits), Some(logical))
        }
        AthenaType::Double => (PhysicalType::DOUBLE, None),
        AthenaType::BigInt => (PhysicalType::INT64, None),
        AthenaType::Boolean => (PhysicalType::BOOLEAN, None),
        AthenaType::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
        // Athena's timestamps have milliseconds: it would round finer ones or refuse them.
        AthenaType::Timestamp => {
            let millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
            (PhysicalType::INT64, Some(millis))
        }
    };
    let mut field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if let AthenaType::Decimal(digits) = kind {
        field = field
            .with_precision(digits.precision().into())
            .with_scale(digits.scale().into());
        if physical == PhysicalType::FIXED_LEN_BYTE_ARRAY {
            field = field.with_length(16);
        }
    }
    Ok(Arc::new(field.build()?))
}

fn properties(
    columns: &[(&str, AthenaType)],
    options: &EncodingOptions,
) -> Result<WriterProperties> {
    let codec = match options.compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(options.level())?),
        Compression::Snappy => Codec::SNAPPY,
        Compression::None | Compression::Gzip => Codec::UNCOMPRESSED,
    };
    let properties = WriterProperties::builder()
        .set_compression(codec)
        // Statistics of pages, too: the page index is made of them.
        .set_statistics_enabled(EnabledStatistics::Page);
    // Prices and offsets rarely repeat: a dictionary of them costs time and makes the file larger.
    let distinct = columns
        .iter()
        .filter(|(name, kind)| *kind == AthenaType::Double || *name == "kafka_offset");
    let properties = distinct.fold(properties, |properties, (name, _)| {
        properties.set_column_dictionary_enabled(ColumnPath::from(*name), false)
    });
    Ok(properties.build())
}
