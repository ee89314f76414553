-- Jobs whose kind a worker does not know, or whose payload it cannot read. They are handed back, and wait for a worker
-- of another version: first for a second each time, later for a minute. The pauses grow slowly, because with n old
-- workers a job reaches a new worker only after n claims on average. The field `unknown_since` of a job is
-- `time:attempts`: when the job was first handed back (ms of the epoch), and how many attempts it had then. The field
-- is void when the job has other attempts, because then a worker has run the job meanwhile. Clients of the guide do not
-- change the field.
local FIRST_PAUSE, LONGEST_PAUSE, SHARE = 1000, 60000, 4

-- When a job with these attempts was first handed back; now when it was not.
local function unknown_since(field, attempts)
  local since, counted = string.match(field or '', '^(%d+):(%d+)$')
  return since and number(counted, -1) == attempts and math.min(number(since, now), now) or now
end

-- When a job that is handed back is due again. Its pause is a quarter of the time since it was first handed back,
-- within the limits. The last pause ends when the job may no longer be unknown.
local function due_again(since, unknown_for)
  local elapsed = now - since
  return now + math.min(math.max(FIRST_PAUSE, math.floor(elapsed / SHARE)), LONGEST_PAUSE, unknown_for - elapsed)
end
