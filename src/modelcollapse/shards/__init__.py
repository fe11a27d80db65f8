"""Files of records that may be larger than memory, read in pieces that many workers can share."""

from modelcollapse.shards.identity import record_ids
from modelcollapse.shards.opening import Data, Records, open_records
from modelcollapse.shards.shard import Piece, Shard
from modelcollapse.shards.text import Aside

__all__ = ["Aside", "Data", "Piece", "Records", "Shard", "open_records", "record_ids"]
