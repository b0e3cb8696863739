//! The sandbox itself: Landlock, the kernel's own (Linux 5.13 and later), without root.

use super::Fence;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use std::sync::OnceLock;

/// What is asked of the kernel. An older one does what it can; what that is stands in the documentation.
const WANTED: ABI = ABI::V6;

/// Puts this thread, and whatever starts from it, behind the walls. There is no way back.
///
/// # Errors
/// When the kernel does not do it, or not the part of it that limits ports.
pub fn enter(fence: &Fence) -> Result<(), String> {
    let words = |error: RulesetError| error.to_string();
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))
        .map_err(words)?
        .scope(Scope::from_all(WANTED))
        .map_err(words)?;
    if fence.connect_ports.is_some() {
        ruleset = ruleset
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessNet::ConnectTcp)
            .map_err(|_| "this kernel cannot limit connections to ports (Linux 6.7 and later can)".to_owned())?
            .set_compatibility(CompatLevel::BestEffort);
    }
    let ports = fence.connect_ports.iter().flatten();
    let status = ruleset
        .create()
        .map_err(words)?
        .add_rules(path_beneath_rules(&fence.read, AccessFs::from_read(WANTED)))
        .map_err(words)?
        .add_rules(path_beneath_rules(&fence.write, AccessFs::from_all(WANTED)))
        .map_err(words)?
        .add_rules(ports.map(|&port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))))
        .map_err(words)?
        .restrict_self()
        .map_err(words)?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("this kernel does not offer Landlock".to_owned());
    }
    Ok(())
}

/// Whether this machine's kernel can keep an agent in. Asked once.
///
/// # Errors
/// Why not.
pub fn available() -> Result<u32, String> {
    static KNOWN: OnceLock<Result<u32, String>> = OnceLock::new();
    KNOWN
        .get_or_init(|| {
            std::thread::spawn(probe)
                .join()
                .unwrap_or_else(|_| Err("it could not be asked".to_owned()))
        })
        .clone()
}

/// Restricts the calling thread, which ends thereupon, by as good as nothing.
fn probe() -> Result<u32, String> {
    let words = |error: RulesetError| error.to_string();
    let status = Ruleset::default()
        .handle_access(AccessFs::MakeBlock)
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(words)?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. } if status.ruleset != RulesetStatus::NotEnforced => Ok(effective_abi as u32),
        LandlockStatus::NotEnabled => Err("Landlock is switched off in this kernel".to_owned()),
        _ => Err("this kernel does not offer Landlock".to_owned()),
    }
}
