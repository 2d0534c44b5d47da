//! Which objects of a page a query reads.
//!
//! As in Athena: names that begin with `_` or `.` are hidden, empty objects have no rows, and a
//! folder whose value is not projected is not looked into.

use bucket::listing::Listed;
use datafusion::error::Result;
use percent_encoding::percent_decode_str;

use super::{
    cell::Cell,
    object_filter::partition_cell,
    scan_plan::ScanPlan,
    statistics::{HiddenPlace, HiddenReason},
    visible_object::VisibleObject,
};

/// The objects of a page that the query reads, in the order of their keys.
///
/// # Errors
/// When a folder's value is none of its column's type, or a filter cannot be evaluated.
pub(super) fn visible_objects(plan: &ScanPlan, page: Vec<Listed>) -> Result<Vec<VisibleObject>> {
    let mut objects = Vec::with_capacity(page.len());
    for listed in page {
        objects.extend(of_table(plan, listed)?);
    }
    let cells: Vec<Vec<Cell<'static>>> =
        objects.iter().map(|object| object.cells.clone()).collect();
    let kept = plan.filter.keep(&cells)?;
    let mut kept = kept.into_iter();
    objects.retain(|_| kept.next().unwrap_or(false));
    Ok(objects)
}

/// The object, if it is one of the table's.
fn of_table(plan: &ScanPlan, listed: Listed) -> Result<Option<VisibleObject>> {
    let definition = &*plan.definition;
    let hide = |reason: HiddenReason| {
        plan.source.statistics.hidden(HiddenPlace {
            table: definition.full_name(),
            reason,
        });
    };
    let name = listed.key.rsplit('/').next().unwrap_or_default();
    let Some(partitioned) = definition.template.partition(&listed.key) else {
        if !is_hidden(name) {
            hide(HiddenReason::NoPartition);
        }
        return Ok(None);
    };
    // The stand-in for a folder, which some tools write, has no name.
    if partitioned.name.split('/').any(is_hidden) || name.is_empty() {
        return Ok(None);
    }
    let mut cells = Vec::with_capacity(partitioned.values.len() + 1);
    for (column, value) in definition.partition_columns.iter().zip(partitioned.values) {
        let cell = match &column.projection {
            Some(projection) if !projection.fits(value, plan.source.now) => {
                hide(HiddenReason::OutsideProjection {
                    column: column.name.clone(),
                    value: value.to_owned(),
                });
                return Ok(None);
            }
            Some(_) => partition_cell(column, value, &listed.key)?,
            // Hive escapes signs in the names of folders.
            None => {
                let value = percent_decode_str(value).decode_utf8_lossy();
                partition_cell(column, &value, &listed.key)?
            }
        };
        cells.push(cell);
    }
    if listed.bytes == 0 {
        return Ok(None);
    }
    cells.push(Cell::Text(plan.path(&listed.key).into()));
    Ok(Some(VisibleObject {
        key: listed.key,
        bytes: listed.bytes,
        etag: listed.etag,
        cells,
    }))
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.'])
}
