"""The site's settings, with one more address: an answer that costs nothing."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.feed_urls"
