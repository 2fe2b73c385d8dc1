"""Tests of examples.open_bandit: a real log with a truth beside it."""

import pytest

from examples.open_bandit import CAMPAIGNS, judge, read_logs
from tfrec.errors import DownloadError


@pytest.fixture(scope="module")
def logs():
    try:
        return read_logs()
    except DownloadError as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.parametrize("campaign", CAMPAIGNS)
@pytest.mark.parametrize("target", ["bts", "random"])
def test_intervals_hold_what_the_policy_really_earned(logs, campaign, target):
    report, truth, _ = judge(logs, campaign, target)
    for name, found in report["estimates"].items():
        assert found["interval"][0] <= truth <= found["interval"][1], name
    is_worthless = (campaign, target) == ("women", "random")
    assert ("do not decide" in " ".join(report["warnings"])) == is_worthless
