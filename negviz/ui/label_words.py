"""What answers and keys of the Label page are called, and what they mean."""

from negviz.labels import Verdict

ANSWERS = {
    Verdict.FALSE_NEGATIVE: ("1", "False negative", "It answers the query: it becomes a positive."),
    Verdict.TRUE_NEGATIVE: ("2", "True negative", "It does not answer the query: it stays a negative."),
    Verdict.DROP: ("3", "Drop", "Neither: it is used neither as a positive nor as a negative."),
    Verdict.UNSURE: ("4", "Unsure", "You cannot tell; the pair stays as it is and can be asked again."),
}
KEYS = [
    ("Space", "Skip: pass over this pair; skipped pairs can be gone through at the end."),
    ("Q", "Next query: pass over everything else of this query."),
    ("Z", "Undo: take the last answer back; answers that were given at once go together."),
    ("N", "Note and grade; Enter puts the note down, Esc leaves it. Other keys do nothing while you type."),
    ("← →", "Back to earlier pairs, and forward again."),
    ("S", "Show or hide suspicion, scores, origin and what the recipe did."),
    ("W", "Long texts in full, or their best parts."),
    ("B", "All candidates of a query in one list, or one pair at a time."),
    ("L", "Your last answers, to change one."),
    ("H", "This list."),
]
BY_QUERY_KEYS = [
    ("↑ ↓", "In the list: another candidate."),
    ("X", "In the list: choose the candidate or take it out. An answer is for all that are chosen, else for this one."),
    ("A", "In the list: choose all that have no answer, or none."),
    ("PageUp PageDown", "In the list: more candidates."),
]
