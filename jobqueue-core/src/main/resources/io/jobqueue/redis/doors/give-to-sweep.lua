-- The door through which an id enters `processing` without a claim of our own. The sweep finds it there, and ends or
-- returns the job unless another client does.
local function give_to_sweep(id)
  call('LPUSH', PROCESSING, id)
  call('HSET', META, 'next_sweep', NOW)
end
