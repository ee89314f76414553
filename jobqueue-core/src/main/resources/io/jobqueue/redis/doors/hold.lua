-- The door through which jobs of a paused kind leave the line of waiting jobs. A claim takes them back when their kind
-- is resumed.
-- needs: words/paused-kinds

-- Holds jobs that the caller has taken out of `pending` or `delayed`.
--   jobs  pairs of an id and the slot of the kind, the oldest job first
local function hold(jobs)
  local last = number(call('HGET', META, 'held_total'), 0)
  for i, job in ipairs(jobs) do
    call('HSET', JOB .. job[1], 'status', 'scheduled')
    call('ZADD', DELAYED, text(HELD + job[2] * SLOT + last + i), job[1])
  end
  if jobs[1] then
    call('HSET', META, 'held_total', text(last + #jobs))
  end
end
