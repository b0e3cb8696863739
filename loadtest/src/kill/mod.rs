//! What must survive when programs are killed.
