"""Numbers of images, patients and labels that a source reports about a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReportedCounts:
    """Numbers of one source about one release of a dataset.

    What is None or absent is not said there. Several of these may speak of a release.

    Args:
        source: where the numbers stand: a paper and its table, a page, a file.
        release: the release they are of; 'stage 2' covers 'stage 2, in two folders'
            too, and an empty one covers all.
        images: rows of the table.
        patients: different ones.
        studies: different ones.
        reports: studies with findings or impression.
        positive: images with label 1, by label column.
        negative: images with label 0.
        uncertain: images with label -1.
        masks: images with a mask, by mask column.
        boxes: all boxes of all images.
        splits: images of each split, by scheme and split.
    """

    source: str
    release: str = ''
    images: int | None = None
    patients: int | None = None
    studies: int | None = None
    reports: int | None = None
    positive: Mapping[str, int] = field(default_factory=dict)
    negative: Mapping[str, int] = field(default_factory=dict)
    uncertain: Mapping[str, int] = field(default_factory=dict)
    masks: Mapping[str, int] = field(default_factory=dict)
    boxes: int | None = None
    splits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def covers(self, release: str) -> bool:
        """Whether what is said here holds for a release."""
        return not self.release or f'{release}, '.startswith(f'{self.release}, ')
