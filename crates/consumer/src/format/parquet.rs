//! Parquet: columns of typed values in row groups, with statistics and a page index, so that a
//! query reads only what it needs.
//!
//! The writer of the `parquet` crate takes one column after the other, so the rows of a row group
//! are gathered first (see [`columns`]). The format's first version and encodings that every reader
//! knows: plain, dictionary, run length. Invariant: a file has the columns of its schema, all
//! optional, in their order; times are UTC in milliseconds.

mod columns;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use landing::partition_by::DatePartition;
use parquet::{
    basic::{
        Compression as Codec, LogicalType, Repetition, TimeUnit, Type as PhysicalType, ZstdLevel,
    },
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr},
        writer::SerializedFileWriter,
    },
    schema::types::{ColumnPath, Type, TypePtr},
};
use schema::{AthenaType, Cell, TableSchema};

use self::columns::Columns;
use super::{
    File,
    encoding::{Compression, EncodingOptions, Origin},
    rows,
};

/// Rows of a row group: enough to be read in one go, few enough to be gathered in memory.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// Bytes of gathered values that end a row group early, where texts are long.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// What the files of one encoding have in common.
#[derive(Clone, Debug)]
pub(super) struct ParquetShape {
    schema: TypePtr,
    properties: WriterPropertiesPtr,
    kinds: Arc<[AthenaType]>,
    origin: Origin,
}

impl ParquetShape {
    pub(super) fn new(schema: &TableSchema, options: &EncodingOptions) -> Result<Self> {
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

fn field(name: &str, kind: AthenaType) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        AthenaType::String => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        AthenaType::Double => (PhysicalType::DOUBLE, None),
        AthenaType::BigInt => (PhysicalType::INT64, None),
        AthenaType::Boolean => (PhysicalType::BOOLEAN, None),
        AthenaType::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
        // Athena holds milliseconds; finer ones would be an error or be rounded.
        AthenaType::Timestamp => {
            let millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
            (PhysicalType::INT64, Some(millis))
        }
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
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
        // Of pages too, which is what a page index is made of. The crate orders doubles as IEEE 754
        // does (a newer order of the format): readers that do not know it read the values and pass
        // over least and greatest.
        .set_statistics_enabled(EnabledStatistics::Page);
    // Prices and offsets hardly ever come twice: a dictionary of them costs time and makes the file
    // larger.
    let distinct = columns
        .iter()
        .filter(|(name, kind)| *kind == AthenaType::Double || *name == "kafka_offset");
    let properties = distinct.fold(properties, |properties, (name, _)| {
        properties.set_column_dictionary_enabled(ColumnPath::from(*name), false)
    });
    Ok(properties.build())
}

/// The open files of an extent.
pub(super) struct ParquetFiles {
    shape: ParquetShape,
    files: BTreeMap<DatePartition, ParquetFile>,
}

struct ParquetFile {
    writer: SerializedFileWriter<Vec<u8>>,
    /// The rows of the row group that is open.
    columns: Columns,
    records: u64,
}

impl ParquetFiles {
    pub(super) fn new(shape: ParquetShape) -> Self {
        Self {
            shape,
            files: BTreeMap::new(),
        }
    }

    /// Appends a row to the file of its date.
    pub(super) fn append(&mut self, date: &DatePartition, row: &[Cell<'_>]) -> Result<()> {
        self.open(date)?;
        match self.files.get_mut(date) {
            Some(file) => file.append(row),
            None => Ok(()),
        }
    }

    /// Makes sure that there is a file of this date.
    pub(super) fn open(&mut self, date: &DatePartition) -> Result<()> {
        if !self.files.contains_key(date) {
            self.files
                .insert(date.clone(), ParquetFile::new(&self.shape)?);
        }
        Ok(())
    }

    /// Ends the files, in the order of their dates.
    pub(super) fn finish(self, about: &[(&str, String)]) -> Result<Vec<File>> {
        let Origin { topic, zone } = self.shape.origin;
        let (first, last) = ([("kafka.topic", topic)], [("landing.zone", zone)]);
        let origin = [&first[..], about, &last].concat();
        let finish = |(date, file): (DatePartition, ParquetFile)| {
            let records = file.records;
            let bytes = file.finish(&origin)?;
            Ok(File {
                date,
                bytes,
                records,
            })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl ParquetFile {
    fn new(shape: &ParquetShape) -> Result<Self> {
        let (schema, properties) = (shape.schema.clone(), shape.properties.clone());
        Ok(Self {
            writer: SerializedFileWriter::new(Vec::new(), schema, properties)?,
            columns: Columns::new(&shape.kinds),
            records: 0,
        })
    }

    fn append(&mut self, row: &[Cell<'_>]) -> Result<()> {
        self.columns.push(row);
        self.records += 1;
        if self.columns.rows() >= ROW_GROUP_ROWS || self.columns.bytes() >= ROW_GROUP_BYTES {
            self.end_row_group()?;
        }
        Ok(())
    }

    fn end_row_group(&mut self) -> Result<()> {
        let mut row_group = self.writer.next_row_group()?;
        self.columns.write(&mut row_group)?;
        row_group.close().context("a row group cannot be ended")?;
        Ok(())
    }

    fn finish(mut self, origin: &[(&str, String)]) -> Result<Vec<u8>> {
        if self.columns.rows() > 0 {
            self.end_row_group()?;
        }
        for (name, value) in origin {
            let metadata = KeyValue::new((*name).to_owned(), value.clone());
            self.writer.append_key_value_metadata(metadata);
        }
        Ok(self.writer.into_inner()?)
    }
}
