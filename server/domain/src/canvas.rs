//! Canvases as things people share: who may change, lock, hand over and delete one (CAN-3). Their documents are in `coord-canvas`.

use crate::{
    Refusal,
    rights::{self, Act, Who},
    validate,
};
use coord_protocol::{
    account::Person,
    canvas::{Canvas, PatchCanvas},
    rule::Rule,
    workspace::Role,
};

/// Most canvases of a workspace.
pub const MAX_CANVASES: i64 = 2_000;

/// Whether `who` may edit its document now.
///
/// # Errors
/// A refusal of ACC-3, or of CAN-3 while somebody else edits a locked canvas.
pub fn may_edit(canvas: &Canvas, who: Who) -> Result<(), Refusal> {
    rights::may(who, Act::Create, None)?;
    match &canvas.editor {
        Some(editor) if canvas.locked && editor.id != who.user => Err(Refusal::state(
            Rule::Can3,
            format!("the canvas is locked; {} may edit it now", editor.name),
        )),
        None if canvas.locked => Err(Refusal::state(
            Rule::Can3,
            "the canvas is locked and nobody may edit it now; unlock it first",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether `who` may delete it: who made it, admins and the owner of the workspace.
///
/// # Errors
/// A refusal of ACC-3.
pub fn may_delete(canvas: &Canvas, who: Who) -> Result<(), Refusal> {
    rights::may(who, Act::Create, None)?;
    let made_it = canvas.created_by.as_ref().is_some_and(|by| by.id == who.user);
    if made_it {
        return Ok(());
    }
    rights::may(who, Act::Administer, None).map_err(|refusal| Refusal {
        detail: "only who made the canvas, admins and the owner of the workspace may delete it".to_owned(),
        ..refusal
    })
}

/// The canvas after a change. `me` asks for it; `editor` is the member named in it, with their role.
///
/// # Errors
/// A refusal that says which rule.
pub fn patched(canvas: &Canvas, patch: &PatchCanvas, who: Who, me: &Person, editor: Option<(&Person, Role)>) -> Result<Canvas, Refusal> {
    rights::may(who, Act::Create, None)?;
    let mut after = canvas.clone();
    if let Some(name) = &patch.name {
        validate::name(Rule::Can1, "name", name)?;
        name.trim().clone_into(&mut after.name);
    }
    let holds = |canvas: &Canvas| canvas.editor.as_ref().is_none_or(|editor| editor.id == who.user) || who.role >= Some(Role::Admin);
    if (patch.locked.is_some_and(|locked| locked != canvas.locked) || patch.editor.is_some()) && canvas.locked && !holds(canvas) {
        return Err(Refusal::forbidden(
            Rule::Can3,
            "only its editor, admins and the owner of the workspace may unlock it or hand it over",
        ));
    }
    match patch.locked {
        Some(true) if !canvas.locked => (after.locked, after.editor) = (true, Some(me.clone())),
        Some(false) => (after.locked, after.editor) = (false, None),
        Some(true) | None => {}
    }
    if patch.editor.is_some() {
        if !after.locked {
            return Err(Refusal::invalid(
                Rule::Can3,
                "editor",
                "only a locked canvas has an editor; lock it first",
            ));
        }
        let Some((editor, _)) = editor.filter(|(_, role)| *role >= Role::Member) else {
            return Err(Refusal::invalid(
                Rule::Can3,
                "editor",
                "must be somebody of the workspace who may edit canvases",
            ));
        };
        after.editor = Some(editor.clone());
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::{
        id::{CanvasId, UserId, WorkspaceId},
        time::Timestamp,
    };

    fn person(n: u128) -> Person {
        Person {
            id: UserId(uuid::Uuid::from_u128(n)),
            name: format!("P{n}"),
        }
    }

    fn who(n: u128, role: Role) -> Who {
        Who {
            user: person(n).id,
            role: Some(role),
        }
    }

    fn canvas(editor: Option<u128>) -> Canvas {
        Canvas {
            id: CanvasId(uuid::Uuid::from_u128(9)),
            workspace: WorkspaceId(uuid::Uuid::from_u128(8)),
            name: "Plan".into(),
            created_by: Some(person(1)),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            locked: editor.is_some(),
            editor: editor.map(person),
            version: 1,
        }
    }

    fn lock(locked: bool) -> PatchCanvas {
        PatchCanvas {
            locked: Some(locked),
            ..PatchCanvas::default()
        }
    }

    #[test]
    fn can_3_who_locks_a_canvas_edits_it_and_nobody_else() {
        let locked = patched(&canvas(None), &lock(true), who(2, Role::Member), &person(2), None).unwrap();
        assert_eq!(locked.editor, Some(person(2)));
        assert!(may_edit(&locked, who(2, Role::Member)).is_ok());
        assert_eq!(may_edit(&locked, who(1, Role::Owner)).unwrap_err().rule, Rule::Can3);
        // Locking it once more takes nothing from its editor.
        let again = patched(&locked, &lock(true), who(1, Role::Owner), &person(1), None).unwrap();
        assert_eq!(again.editor, Some(person(2)));
    }

    #[test]
    fn can_3_its_editor_or_an_admin_hands_over_to_a_member() {
        let hand_over = PatchCanvas {
            editor: Some(person(3).id),
            ..PatchCanvas::default()
        };
        let to = |role| Some((person(3), role));
        let go = |by: Who, to: Option<(Person, Role)>| {
            let to = to.as_ref().map(|(person, role)| (person, *role));
            patched(&canvas(Some(2)), &hand_over, by, &person(9), to).map(|canvas| canvas.editor)
        };
        assert_eq!(go(who(2, Role::Member), to(Role::Member)).unwrap(), Some(person(3)));
        assert_eq!(go(who(5, Role::Admin), to(Role::Member)).unwrap(), Some(person(3)));
        assert_eq!(go(who(4, Role::Member), to(Role::Member)).unwrap_err().rule, Rule::Can3);
        assert_eq!(go(who(2, Role::Member), to(Role::Viewer)).unwrap_err().rule, Rule::Can3);
        assert_eq!(go(who(2, Role::Member), None).unwrap_err().rule, Rule::Can3);
        let open = patched(
            &canvas(None),
            &hand_over,
            who(2, Role::Member),
            &person(2),
            Some((&person(3), Role::Member)),
        );
        assert_eq!(open.unwrap_err().rule, Rule::Can3);
        assert!(patched(&canvas(Some(2)), &lock(false), who(4, Role::Member), &person(4), None).is_err());
        assert_eq!(
            patched(&canvas(Some(2)), &lock(false), who(2, Role::Member), &person(2), None)
                .unwrap()
                .editor,
            None
        );
    }

    #[test]
    fn acc_3_viewers_change_no_canvas_and_members_delete_their_own() {
        assert!(patched(&canvas(None), &lock(true), who(2, Role::Viewer), &person(2), None).is_err());
        assert!(may_edit(&canvas(None), who(2, Role::Viewer)).is_err());
        assert!(may_delete(&canvas(None), who(1, Role::Member)).is_ok());
        assert!(may_delete(&canvas(None), who(1, Role::Viewer)).is_err());
        assert!(may_delete(&canvas(None), who(2, Role::Member)).is_err());
        assert!(may_delete(&canvas(None), who(2, Role::Admin)).is_ok());
    }
}
