# SPDX-License-Identifier: MIT
"""Matrix in the same conversation as XMPP and IRC."""

from tests.integration.conftest import make_trio


def test_everybody_hears_everybody(trio):
    trio.all_ways()
