-- The field `lease` of a job: the token of the claim, the time until which the claim is good (ms of the epoch), and the
-- length of the lease (ms). The lease is void when another token owns the job, because clients of the guide do not
-- change the field. `road/claim` writes the same text itself, once a call.

local function lease_text(token, deadline, length)
  return token .. ':' .. text(deadline) .. ':' .. text(length)
end

-- Returns the deadline and the length of a lease of this token; nil when there is none.
local function lease_of(token, lease)
  local owner, deadline, length = string.match(lease or '', '^(.*):(%d+):(%d+)$')
  if owner == token and token ~= '' then
    return number(deadline, nil), number(length, nil)
  end
end
