//! What admins can set in a workspace: what is valid, and what it means for new jobs and files.

use crate::{Refusal, validate};
use coord_protocol::{
    rule::Rule,
    workspace::{PatchSettings, WorkspaceSettings},
};
use std::collections::BTreeSet;

/// Most labels a workspace offers.
pub const MAX_OFFERED_DOMAINS: usize = 100;

/// The settings after a change.
///
/// # Errors
///
/// A refusal of ACC-2 naming the field. `server_max` is what the server allows for one file, in bytes.
pub fn changed(mut settings: WorkspaceSettings, change: &PatchSettings, server_max: u64) -> Result<WorkspaceSettings, Refusal> {
    let invalid = |field: &str, why: String| Err(Refusal::invalid(Rule::Acc2, field, why));
    if let Some(priority) = change.default_priority {
        settings.default_priority = priority;
    }
    if let Some(domains) = &change.domains {
        let names: BTreeSet<_> = domains.iter().map(|name| name.trim()).collect();
        if names.len() > MAX_OFFERED_DOMAINS {
            return invalid("settings.domains", format!("must be at most {MAX_OFFERED_DOMAINS}"));
        }
        for name in &names {
            if let Err(why) = validate::line(name, validate::MAX_NAME) {
                return invalid("settings.domains", why);
            }
        }
        settings.domains = names.into_iter().map(str::to_owned).collect();
    }
    if let Some(bytes) = change.max_upload {
        settings.max_upload = match u64::try_from(bytes) {
            Ok(0) => None,
            Ok(some) if some <= server_max => Some(bytes),
            Ok(_) | Err(_) => {
                return invalid(
                    "settings.max_upload",
                    format!("must be 0 to {server_max} bytes, as the server is set up"),
                );
            }
        };
    }
    if let Some(jobs) = change.max_open_jobs {
        settings.max_open_jobs = match jobs {
            0 => None,
            1..=1_000_000 => Some(jobs),
            _ => return invalid("settings.max_open_jobs", "must be 0 to 1000000".to_owned()),
        };
    }
    Ok(settings)
}

/// Most bytes of a file here.
#[must_use]
pub fn max_upload(settings: &WorkspaceSettings, server_max: u64) -> u64 {
    let own = settings.max_upload.and_then(|bytes| u64::try_from(bytes).ok());
    own.unwrap_or(server_max).min(server_max)
}

/// Whether another job fits, with `open` jobs that are neither done nor canceled.
///
/// # Errors
///
/// A refusal of JOB-1 with the limit.
pub fn fits(settings: &WorkspaceSettings, open: i64) -> Result<(), Refusal> {
    match settings.max_open_jobs {
        Some(most) if open >= most => Err(Refusal::state(
            Rule::Job1,
            format!("this workspace has room for {most} open jobs, as its admins set it; finish or cancel one first"),
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: PatchSettings) -> Result<WorkspaceSettings, Refusal> {
        changed(WorkspaceSettings::default(), &change, 1_000)
    }

    #[test]
    fn acc_2_settings_are_checked_and_absent_ones_stay() {
        let domains = |names: &[&str]| PatchSettings {
            domains: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..PatchSettings::default()
        };
        assert_eq!(after(PatchSettings::default()).unwrap(), WorkspaceSettings::default());
        assert_eq!(after(domains(&[" web ", "api", "web"])).unwrap().domains, ["api", "web"]);
        for wrong in [domains(&[""]), domains(&["a\nb"]), domains(&[&"x".repeat(81)])] {
            assert!(after(wrong).unwrap_err().errors.contains_key("settings.domains"));
        }
        let many: Vec<_> = (0..=MAX_OFFERED_DOMAINS).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(after(domains(&many)).is_err());
        let upload = |bytes| PatchSettings {
            max_upload: Some(bytes),
            ..PatchSettings::default()
        };
        assert_eq!(after(upload(1_000)).unwrap().max_upload, Some(1_000));
        assert_eq!(after(upload(0)).unwrap().max_upload, None);
        assert!(after(upload(1_001)).is_err() && after(upload(-1)).is_err());
    }

    #[test]
    fn job_1_a_workspace_with_a_limit_takes_no_more_open_jobs() {
        let settings = WorkspaceSettings {
            max_open_jobs: Some(2),
            ..WorkspaceSettings::default()
        };
        assert!(fits(&settings, 1).is_ok() && fits(&settings, 2).is_err());
        assert!(fits(&WorkspaceSettings::default(), 1_000_000).is_ok());
    }

    #[test]
    fn file_3_the_lesser_of_both_limits_counts() {
        let own = |max_upload| WorkspaceSettings {
            max_upload,
            ..WorkspaceSettings::default()
        };
        assert_eq!(
            (
                max_upload(&own(Some(5)), 10),
                max_upload(&own(Some(50)), 10),
                max_upload(&own(None), 10)
            ),
            (5, 10, 10)
        );
    }
}
