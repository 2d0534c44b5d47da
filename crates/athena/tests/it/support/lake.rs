//! A bucket in this process, with tables over it.

use std::sync::Arc;

use athena::{
    catalog::{Catalog, definition_error::DefinitionError},
    scan::{
        provider::ExternalTableProvider,
        scan_plan::ScanSource,
        statistics::{ScanCounts, ScanStatistics},
    },
};
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig},
};
use bucket::Bucket;
use datafusion::{
    arrow::{array::RecordBatch, util::display::array_value_to_string},
    prelude::SessionContext,
};
use sandbox::{ACCESS_KEY, REGION, S3, SECRET_KEY};

/// The bucket's name.
pub(crate) const BUCKET: &str = "lake";

/// A bucket and the counters of its queries.
pub(crate) struct Lake {
    pub(crate) s3: S3,
    bucket: String,
    statistics: Arc<ScanStatistics>,
}

/// What a query answered, and what it read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) counts: ScanCounts,
}

impl Lake {
    /// An empty bucket.
    pub(crate) fn new() -> Self {
        let s3 = S3::start().unwrap();
        s3.create_bucket(BUCKET).unwrap();
        Self {
            s3,
            bucket: BUCKET.to_owned(),
            statistics: Arc::default(),
        }
    }

    /// The same server, but queries go to another bucket.
    pub(crate) fn at_bucket(self, bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            ..self
        }
    }

    pub(crate) fn put(&self, key: &str, body: impl AsRef<[u8]>) {
        self.s3.put(BUCKET, key, body.as_ref(), &[]).unwrap();
    }

    /// A session with the tables that this DDL defines, each with `"$path"` if asked for.
    pub(crate) fn session(&self, ddl: &str, with_path: bool) -> SessionContext {
        let mut catalog = Catalog::default();
        let mut faults: Vec<DefinitionError> = Vec::new();
        catalog.add("tables.sql", ddl, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        let session = SessionContext::new();
        for table in &catalog.tables {
            let source = ScanSource {
                bucket: Bucket::new(self.client(), &self.bucket),
                statistics: self.statistics.clone(),
                now: "2026-11-30T12:00:00Z".parse().unwrap(),
            };
            let provider = ExternalTableProvider::new(table.clone(), with_path, source);
            session
                .register_table(table.table.name.as_str(), Arc::new(provider))
                .unwrap();
        }
        session
    }

    /// Runs a query over the tables of this DDL.
    pub(crate) async fn query(&self, ddl: &str, sql: &str) -> Result<Answer, String> {
        let session = self.session(ddl, sql.contains("$path"));
        let failed = |error: datafusion::error::DataFusionError| error.to_string();
        let frame = session.sql(sql).await.map_err(failed)?;
        let batches = frame.collect().await.map_err(failed)?;
        Ok(Answer {
            rows: shown(&batches),
            counts: self.statistics.take(),
        })
    }

    /// Whether no scan is left.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.statistics) == 1
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(self.s3.endpoint_url())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .force_path_style(true);
        Client::from_conf(config.build())
    }
}

fn shown(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                if column.is_null(row) {
                    "NULL".to_owned()
                } else {
                    array_value_to_string(column, row).unwrap()
                }
            });
            rows.push(cells.collect());
        }
    }
    rows
}

/// The DDL of a table of JSON lines with the columns `index` and `close`, by day.
pub(crate) fn by_day(range: &str) -> String {
    format!(
        "CREATE EXTERNAL TABLE d.raw (`index` string, close string)
        PARTITIONED BY (dt string)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
        LOCATION 's3://lake/json/'
        TBLPROPERTIES (
          'projection.enabled' = 'true',
          'projection.dt.type' = 'date',
          'projection.dt.format' = 'yyyy-MM-dd',
          'projection.dt.range' = '{range}',
          'storage.location.template' = 's3://lake/json/dt=${{dt}}/'
        )"
    )
}
