-- The door through which an id comes into `processing` without a claim of ours: a sweep finds it there, and ends or returns its
-- job when nobody else does.
local function give_to_sweep(id)
  call('LPUSH', PROCESSING, id)
  call('HSET', META, 'next_sweep', NOW)
end
