//! Typed access to rows: ids, times, flags, enums and JSON out of the portable column types.

use crate::StoreError;
use coord_protocol::time::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, any::AnyRow};
use std::str::FromStr;

/// A row and the table it came from, so that an inconsistency can say where.
pub struct Row<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Row<'r> {
    /// Wraps a row read from `table`.
    #[must_use]
    pub const fn new(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    /// A number.
    ///
    /// # Errors
    /// When the column is missing, NULL or of another type; likewise for all below.
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| StoreError::inconsistent(self.table, error))
    }

    /// A number or NULL.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| StoreError::inconsistent(self.table, error))
    }

    /// A flag stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// Text.
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| StoreError::inconsistent(self.table, error))
    }

    /// Text or NULL.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| StoreError::inconsistent(self.table, error))
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| StoreError::inconsistent(self.table, error))
    }

    /// A time.
    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp)
    }

    /// A time or NULL.
    pub fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    /// An id.
    pub fn id<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?
            .parse()
            .map_err(|error| StoreError::inconsistent(self.table, format_args!("{column}: {error}")))
    }

    /// An id or NULL.
    pub fn opt_id<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|text| {
                text.parse()
                    .map_err(|error| StoreError::inconsistent(self.table, format_args!("{column}: {error}")))
            })
            .transpose()
    }

    /// A structure stored as JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| StoreError::inconsistent(self.table, format_args!("{column}: {error}")))
    }

    /// A structure stored as JSON, or NULL.
    pub fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|text| {
                serde_json::from_str(&text).map_err(|error| StoreError::inconsistent(self.table, format_args!("{column}: {error}")))
            })
            .transpose()
    }

    /// An enum stored as its word on the wire.
    pub fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_value(serde_json::Value::String(text))
            .map_err(|error| StoreError::inconsistent(self.table, format_args!("{column}: {error}")))
    }

    /// An enum stored as its word on the wire, or NULL.
    pub fn opt_word<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        match self.opt_text(column)? {
            Some(_) => self.word(column).map(Some),
            None => Ok(None),
        }
    }
}

/// The JSON text of a structure.
///
/// # Errors
/// When it cannot be written as JSON, which no protocol type does.
pub fn to_json<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::inconsistent(table, error))
}

/// The word of an enum on the wire.
///
/// # Errors
/// When `value` is not written as a string.
pub fn to_word<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::inconsistent(table, format_args!("{other} is not a word"))),
        Err(error) => Err(StoreError::inconsistent(table, error)),
    }
}
