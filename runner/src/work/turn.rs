//! What follows a turn of the agent. Pure.

use crate::agents::TurnEnd;
use coord_protocol::attempt::FailureReason;

/// What follows a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The attempt stops.
    Stop,
    /// Words that are owed to the agent.
    Words,
    /// A person's message.
    Message,
    /// A person must accept the plan.
    AskPlan,
    /// The work is done.
    Done,
    /// It failed.
    Fail(FailureReason, &'static str),
}

/// What a turn left.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    /// How it ended.
    pub end: TurnEnd,
    /// Whether a stop was asked for.
    pub stopping: bool,
    /// Whether the runner has words for the agent.
    pub words: bool,
    /// Whether a person's message waits.
    pub messages: bool,
    /// Whether no plan is accepted yet in plan mode.
    pub planning: bool,
}

/// What follows a turn. Pure.
#[must_use]
pub const fn after_turn(left: Left) -> Next {
    if left.stopping {
        return Next::Stop;
    }
    match left.end {
        TurnEnd::Refused => return Next::Fail(FailureReason::Refused, "the agent refused to do it"),
        TurnEnd::Limit => return Next::Fail(FailureReason::AgentError, "the agent reached a limit of its own before it was done"),
        TurnEnd::Done | TurnEnd::Cancelled => {}
    }
    if left.words {
        return Next::Words;
    }
    if left.messages {
        return Next::Message;
    }
    match left.end {
        TurnEnd::Cancelled => Next::Fail(
            FailureReason::AgentError,
            "the agent ended its turn as cancelled, though nobody told it to",
        ),
        _ if left.planning => Next::AskPlan,
        _ => Next::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Left = Left {
        end: TurnEnd::Done,
        stopping: false,
        words: false,
        messages: false,
        planning: false,
    };

    #[test]
    fn agt_5_messages_wait_for_the_end_of_a_turn_and_come_before_the_end_of_the_work() {
        assert_eq!(after_turn(LEFT), Next::Done);
        assert_eq!(after_turn(Left { messages: true, ..LEFT }), Next::Message);
        assert_eq!(
            after_turn(Left {
                messages: true,
                words: true,
                ..LEFT
            }),
            Next::Words
        );
        assert_eq!(
            after_turn(Left {
                messages: true,
                end: TurnEnd::Cancelled,
                ..LEFT
            }),
            Next::Message
        );
    }

    #[test]
    fn agt_2_a_turn_in_plan_mode_ends_in_a_plan_to_accept() {
        assert_eq!(after_turn(Left { planning: true, ..LEFT }), Next::AskPlan);
        assert_eq!(
            after_turn(Left {
                planning: true,
                messages: true,
                ..LEFT
            }),
            Next::Message
        );
    }

    #[test]
    fn agt_6_a_stop_comes_before_all_else() {
        let all = Left {
            stopping: true,
            words: true,
            messages: true,
            planning: true,
            end: TurnEnd::Refused,
        };
        assert_eq!(after_turn(all), Next::Stop);
        assert!(matches!(
            after_turn(Left {
                end: TurnEnd::Cancelled,
                ..LEFT
            }),
            Next::Fail(..)
        ));
    }
}
