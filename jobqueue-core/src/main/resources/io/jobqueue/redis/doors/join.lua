-- The door through which jobs start to wait: at the back of `pending`, at its head, or in `delayed` until they are due.
-- needs: words/wake

local back, front, sooner = {}, {}, false -- what has joined and is not pushed yet

-- When the first delayed job is due. A script that may delay jobs reads it before its first write.
local earliest

-- Adds a job that `create` has just written. The caller must call `let_in` afterwards.
--   due      when the job is due (ms of the epoch)
--   at_head  whether it becomes the next job; otherwise it waits behind all others
local function join(id, due, at_head)
  if due > now then
    call('ZADD', DELAYED, text(due), id)
    sooner = sooner or not earliest or due < earliest
  elseif at_head then
    front[#front + 1] = id
  else
    back[#back + 1] = id
  end
end

-- Pushes all jobs that joined since the last call, and wakes a worker. The job that joined the head last runs first.
local function let_in()
  local joined = sooner
  if back[1] then
    read('LPUSH', PENDING, unpack(back))
    back, joined = {}, true
  end
  if front[1] then
    read('RPUSH', PENDING, unpack(front))
    front, joined = {}, true
  end
  if joined then
    keep_hint(1)
    sooner = false
  end
end
