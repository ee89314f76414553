-- The door through which jobs complete. The caller has already removed the job from `processing`.
-- needs: doors/end words/history words/totals

local completed = {} -- ids that are in no history yet

local function complete(id, hash, result)
  call('HSET', hash, 'status', 'completed', 'completed_at_ms', NOW, 'result', result)
  completed[#completed + 1] = id
  ended(id, 'completed')
end

-- Adds the completed jobs to the history, and trims the history to its limit.
local function keep_completed(keep)
  if #completed > 0 then
    trim(COMPLETED, 'completed', call('LPUSH', COMPLETED, unpack(completed)), keep)
    count('completed_total', #completed)
  end
end
