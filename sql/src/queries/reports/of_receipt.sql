-- reports::of_receipt
select item, reason, received_at, photo_bytes > 0, state, answer, answered_at
from reports where receipt_sha256 = $1 /* receipt */
