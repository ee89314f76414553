-- The field `deadline` of a job: until when it is retried (ms of the epoch). Behind a colon stands for how long, if the job
-- was given a time and not an instant. `road/enqueue` writes it.

-- Until when a job is retried; nil when its attempts are counted.
local function retried_until(field)
  return number(string.match(field or '', '^%d+'), nil)
end

-- The field of a job that gets its whole time again, which begins when it is due; nil when nothing changes.
local function renewed_deadline(field, due)
  local length = number(string.match(field or '', '^%d+:(%d+)$'), nil)
  return length and text(math.max(now, due) + length) .. ':' .. text(length)
end

-- The reason of a job that fails after its deadline.
local function past_deadline(deadline, words)
  return deadline and now >= deadline and 'deadline-passed: ' .. words or nil
end
