"""What an audit finds, and how bad it is."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAK, FAULT, NOTE = 'leak', 'fault', 'note'
#: {kind: (severity, what the count is of)}; ``{0}`` and ``{1}`` are the splits.
KINDS = {
    'images': (LEAK, 'images of {0} are in {1} too'),
    'patients': (LEAK, 'patients of {0} have images in {1} too'),
    'copies': (LEAK, 'images of {0} are copies of images in {1}'),
    'cross': (LEAK, 'images or patients of {0} are in {1}'),
    'repeated': (FAULT, 'lines of {0} list an image again'),
    'nesting': (FAULT, 'images of {0} are not in {1}, which is larger'),
    'cells': (FAULT, 'label cells of {0} are no labels'),
    'conflicts': (FAULT, 'images have two labels in {0}'),
    'missing': (FAULT, 'images of {0} are not in the table'),
    'unreadable': (FAULT, 'films of {0} cannot be read'),
    'lists': (FAULT, 'sets of lists in {0} cannot be read'),
    'persons': (NOTE, 'pairs of copies in {0} are of two patients'),
    'names': (NOTE, 'images of {0} are called like others in {1}'),
    'empty classes': (NOTE, 'classes have no positive, or nothing else, in {0}'),
    'unknown patients': (NOTE, 'images of {0} tell no patient'),
    'shared': (NOTE, 'images or patients of {0} are in {1}'),
}


@dataclass(frozen=True)
class Finding:
    """Something counted.

    Args:
        kind: a key of :data:`KINDS`.
        subject: name of the lists or the scheme.
        splits: one or two splits it is about.
        count: how many.
        of: out of how many.
        names: all of them: images, patients, lines.
        unit: what is counted, where the kind leaves it open.
    """

    kind: str
    subject: str
    splits: tuple[str, ...]
    count: int
    of: int
    names: tuple[str, ...]
    unit: str = ''

    @property
    def severity(self) -> str:
        """'leak', 'fault' or 'note'."""
        return KINDS[self.kind][0]

    def sentence(self) -> str:
        """'494 of 1,904 (26 %) images of test are in train too'."""
        what = KINDS[self.kind][1].format(*self.splits)
        if self.unit:
            what = what.replace('images or patients', self.unit)
        share = 100 * self.count / max(self.of, 1)
        share = f'{share:.0f}' if share >= 10 else f'{share:.2g}'
        return f'{self.count:,} of {self.of:,} ({share} %) {what}'


def failures(findings: Sequence[Finding], accepted: Sequence[str]) -> list[Finding]:
    """Leaks and faults of kinds that are not accepted."""
    return [f for f in findings if f.severity != NOTE and f.kind not in accepted]
