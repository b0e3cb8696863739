//! Licence expressions of crates: `(MIT OR Apache-2.0) AND Unicode-3.0`, and the old `MIT/Apache-2.0`.

/// Whether the expression can be met with licences that `allowed` accepts. A malformed expression cannot.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    parser.any_of().is_some_and(|met| met && parser.words.is_empty())
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn any_of(&mut self) -> Option<bool> {
        let mut met = self.all_of()?;
        while self.take("OR") {
            met |= self.all_of()?;
        }
        Some(met)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any_of()?;
            return self.take(")").then_some(met);
        }
        let (name, rest) = self.words.split_first()?;
        if matches!(*name, "OR" | "AND" | "WITH" | ")") {
            return None;
        }
        self.words = rest;
        if self.take("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            return Some((self.allowed)(&format!("{name} WITH {exception}")));
        }
        Some((self.allowed)(name))
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    fn permissive(expression: &str) -> bool {
        satisfied(expression, &|name| {
            matches!(name, "MIT" | "Apache-2.0" | "Apache-2.0 WITH LLVM-exception")
        })
    }

    #[test]
    fn either_side_of_or_will_do() {
        assert!(permissive("MIT"));
        assert!(permissive("GPL-3.0 OR MIT"));
        assert!(permissive("Unlicense/MIT"));
        assert!(!permissive("GPL-3.0"));
    }

    #[test]
    fn both_sides_of_and_are_needed() {
        assert!(permissive("MIT AND Apache-2.0"));
        assert!(!permissive("MIT AND GPL-3.0"));
        assert!(!permissive("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(permissive("GPL-3.0 OR MIT AND Apache-2.0"));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(permissive("Apache-2.0 WITH LLVM-exception"));
        assert!(!permissive("MIT WITH Strange-exception"));
    }

    #[test]
    fn nonsense_is_not_satisfied() {
        for nonsense in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND"] {
            assert!(!permissive(nonsense), "{nonsense}");
        }
    }
}
