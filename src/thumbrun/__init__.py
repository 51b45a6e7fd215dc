"""Makes a thumbnail of every image under a Cloud Storage prefix, in parallel tasks that lose nothing when they die."""

from thumbrun.version import __version__ as __version__
