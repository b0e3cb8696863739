//! The ids of the product's rules (`docs/rules.md`). Refusals carry one; tests are named after one.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! rules {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// A rule of the product. Serialised as its id, such as `JOB-7`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the text of each rule is in docs/rules.md")]
        pub enum Rule { $(#[serde(rename = $text)] $name),+ }

        impl Rule {
            /// Every rule, in the order of the product's list.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The rule's id as people write it.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

rules! {
    Job1 = "JOB-1", Job2 = "JOB-2", Job3 = "JOB-3", Job5 = "JOB-5", Job6 = "JOB-6", Job7 = "JOB-7", Job9 = "JOB-9",
    Job11 = "JOB-11", Job12 = "JOB-12",
    Dep1 = "DEP-1", Dep2 = "DEP-2", Dep3 = "DEP-3",
    Att2 = "ATT-2", Rev1 = "REV-1", Rev3 = "REV-3", Note1 = "NOTE-1", Note2 = "NOTE-2",
    File1 = "FILE-1", File2 = "FILE-2", File3 = "FILE-3", File4 = "FILE-4",
    Agt2 = "AGT-2", Agt3 = "AGT-3", Agt4 = "AGT-4", Agt5 = "AGT-5", Agt6 = "AGT-6", Agt10 = "AGT-10",
    Run1 = "RUN-1", Run2 = "RUN-2", Run3 = "RUN-3", Run5 = "RUN-5", Run6 = "RUN-6", Run9 = "RUN-9",
    Acc1 = "ACC-1", Acc2 = "ACC-2", Acc3 = "ACC-3", Acc4 = "ACC-4",
    Can1 = "CAN-1", Can3 = "CAN-3", Can4 = "CAN-4", Can6 = "CAN-6", Can7 = "CAN-7", Can9 = "CAN-9", Can10 = "CAN-10", Can11 = "CAN-11",
    Inb1 = "INB-1", Api1 = "API-1",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

// By hand, since the derive does not see names given by a macro.
impl utoipa::PartialSchema for Rule {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Self::ALL.iter().map(|rule| rule.id())))
            .description(Some("A rule of the product, by its id, such as `JOB-7`."))
            .into()
    }
}

impl utoipa::ToSchema for Rule {}
