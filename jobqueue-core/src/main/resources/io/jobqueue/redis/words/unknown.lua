-- Jobs whose kind a worker does not know, or whose payload it cannot read. They are handed back, and wait for a worker of
-- another version: first for a second at a time, later for a minute. The pauses grow slowly: beside n old workers a job meets a
-- new worker after n looks on average.
-- The field `unknown_since` of a job is `time:attempts`: when such a job was handed back first (ms of the epoch), and how many
-- attempts it had then. The field is void when the job has other attempts, because then somebody has worked on the job
-- meanwhile. Clients of the guide leave the field behind.
local FIRST_PAUSE, LONGEST_PAUSE, SHARE = 1000, 60000, 4

-- When a job with these attempts was handed back first; now when nobody did.
local function unknown_since(field, attempts)
  local since, counted = string.match(field or '', '^(%d+):(%d+)$')
  return since and number(counted, -1) == attempts and math.min(number(since, now), now) or now
end

-- When a job that is handed back is due again. Its pause is a quarter of the time since it was handed back first, within the
-- limits. The last pause ends with the time in which the job may be unknown.
local function due_again(since, unknown_for)
  local elapsed = now - since
  return now + math.min(math.max(FIRST_PAUSE, math.floor(elapsed / SHARE)), LONGEST_PAUSE, unknown_for - elapsed)
end
