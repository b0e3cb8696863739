//! What can go wrong in the store.

use std::{io::ErrorKind, path::PathBuf, sync::Arc};
use thiserror::Error;

/// A failure of the store. Cheap to clone: one failed commit answers every unit of its batch.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The row has another version than the one the write named (INV-2). Nothing was written.
    #[error("the row changed since version {seen} was read")]
    Conflict {
        /// Version the write named.
        seen: i64,
    },
    /// A unique constraint refused the row.
    #[error("{what} is taken")]
    Unique {
        /// `table.column`, `table.column, column` or the name of the index.
        what: String,
    },
    /// The row refers to one that does not exist.
    #[error("the row refers to one that does not exist")]
    Reference,
    /// A stored row is not a valid state. Never the caller's fault.
    #[error("inconsistent row in {table}: {why}")]
    Inconsistent {
        /// Table it was read from.
        table: &'static str,
        /// What does not fit.
        why: String,
    },
    /// The unit of work panicked; it was rolled back.
    #[error("a unit of work panicked")]
    Panicked,
    /// The unit of work or its commit took too long; it was rolled back.
    #[error("a unit of work took longer than {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another server uses this data folder.
    #[error("another coord-server is using the data folder {}", .0.display())]
    InUse(PathBuf),
    /// The data was written by a newer version of this program.
    #[error(
        "the data was written by a newer coord-server (it knows schema change {found}, this version ends at {newest}): start that version, or a newer one"
    )]
    Newer {
        /// Unknown migration found.
        found: i64,
        /// Newest migration known here.
        newest: i64,
    },
    /// A migration failed, or the database was changed by hand.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// A file or folder could not be used.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: Arc<std::io::Error>,
    },
    /// The database said no.
    #[error("database: {0}")]
    Sqlx(Arc<sqlx::Error>),
}

impl StoreError {
    /// An inconsistency in `table`.
    pub fn inconsistent(table: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Inconsistent {
            table,
            why: why.to_string(),
        }
    }

    /// Whether the unit may succeed when it is run again as it is: PostgreSQL gave way to another transaction.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Sqlx(error) = self else { return false };
        error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code == "40001" || code == "40P01")
    }
}

impl StoreError {
    /// Whether the database could not keep up: the same call may succeed a little later.
    #[must_use]
    pub fn is_overload(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Sqlx(error) => matches!(**error, sqlx::Error::PoolTimedOut),
            _ => false,
        }
    }

    /// Whether there is no room on the disk: nothing can be changed until there is.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let full = |error: &std::io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        match self {
            // SQLITE_FULL, and PostgreSQL's disk_full.
            Self::Sqlx(error) => error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| code == "13" || code == "53100"),
            Self::Io { cause: error, .. } => {
                let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&**error);
                while let Some(error) = cause {
                    // Of an error that wraps another, `source` skips the one it wraps.
                    let io = error.downcast_ref::<std::io::Error>();
                    if io.is_some_and(full) {
                        return true;
                    }
                    cause = match io.and_then(std::io::Error::get_ref) {
                        Some(inner) => Some(inner),
                        None => error.source(),
                    };
                }
                false
            }
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            match database.kind() {
                sqlx::error::ErrorKind::UniqueViolation => {
                    return Self::Unique {
                        what: taken(database.as_ref()),
                    };
                }
                sqlx::error::ErrorKind::ForeignKeyViolation => return Self::Reference,
                _ => {}
            }
        }
        Self::Sqlx(Arc::new(error))
    }
}

/// The same words for both engines: `users.email`, or `runners.key` for a primary key PostgreSQL names by table.
fn taken(error: &dyn sqlx::error::DatabaseError) -> String {
    if let Some(columns) = error.message().strip_prefix("UNIQUE constraint failed: ") {
        return columns
            .strip_prefix("index '")
            .map_or(columns, |name| name.trim_end_matches('\''))
            .to_owned();
    }
    let constraint = error.constraint().unwrap_or_default();
    match error
        .table()
        .and_then(|table| Some((table, constraint.strip_prefix(table)?.strip_prefix('_')?)))
    {
        Some((table, rest)) if rest.ends_with("key") => format!("{table}.{}", rest.strip_suffix("_key").unwrap_or("key")),
        _ => constraint.to_owned(),
    }
}

/// An error a unit of work may end with: anything that a failure of the store can become.
pub trait UnitError: From<StoreError> + Send + 'static {
    /// The store's own failure inside, if that is what this is. Decides whether the unit is run again.
    fn store_error(&self) -> Option<&StoreError>;
}

impl UnitError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_2_a_full_disk_is_told_from_other_failures_however_deep_it_lies() {
        #[derive(Debug, Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);
        let failed = |cause: std::io::Error| StoreError::Io {
            path: PathBuf::from("files"),
            cause: Arc::new(cause),
        };
        let full = || std::io::Error::from(ErrorKind::StorageFull);
        assert!(failed(full()).is_full());
        assert!(failed(std::io::Error::other(Outer(full()))).is_full());
        assert!(!failed(std::io::Error::other(Outer(ErrorKind::NotFound.into()))).is_full());
        assert!(!StoreError::Closed.is_full());
    }
}
