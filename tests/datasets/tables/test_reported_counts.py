import pytest

from mmcxr.datasets.tables.reported_counts import ReportedCounts


@pytest.mark.parametrize(
    ('claim', 'release', 'covered'),
    [
        ('', 'stage 2', True),
        ('', '', True),
        ('stage 2', 'stage 2', True),
        ('stage 2', 'stage 2, in two folders', True),
        ('stage 2', 'stage 21', False),
        ('stage 2', '', False),
        ('stage 2, in two folders', 'stage 2', False),
        ('stage 1', 'stage 2', False),
    ],
)
def test_which_release_is_meant(claim, release, covered):
    assert ReportedCounts('a paper', claim).covers(release) is covered
