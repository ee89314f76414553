-- What notes the ends of jobs in the history stream: nothing, because this queue has none. Scripts of queues that have one
-- contain `doors/record-in-stream` instead of this file.

local record, drop_old_records
