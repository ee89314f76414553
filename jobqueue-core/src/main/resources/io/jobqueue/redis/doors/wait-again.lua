-- The door through which existing jobs wait again: due, released, retried or reclaimed jobs.
-- needs: doors/join

-- The arguments are those of `join`; `...` are pairs of fields that change with the status. `let_in` must follow.
local function wait_again(id, due, at_head, ...)
  call('HSET', JOB .. id, 'status', due > now and 'scheduled' or 'pending', ...)
  join(id, due, at_head)
end
