-- Who says that they own an item: somebody who entered its hidden code or tapped its chip, then whoever it was passed on to.

-- Nobody is named here: an owner is whoever has a secret, of which the hash is kept. The present owner has the highest number.
create table owners (
  item          text not null constraint owners_item check (octet_length(item) between 1 and 500),  -- its Digital Link at id.gs1.org
  number        integer not null constraint owners_number check (number >= 1),
  secret_sha256 bytea not null constraint owners_secret unique
                constraint owners_secret_length check (octet_length(secret_sha256) = 32),
  since         timestamptz not null,
  way           text not null constraint owners_way check (way in ('code', 'tag', 'transfer')),
  constraint owners_pkey primary key (item, number),
  constraint owners_first check ((number = 1) = (way <> 'transfer'))
);
create trigger owners_not_changed before update or delete or truncate on owners
  for each statement execute function refuse_change();

-- What an owner gave out: at most one link of each kind for an item. One of an earlier owner says nothing any more.
create table owner_links (
  item         text not null,
  kind         text not null constraint owner_links_kind check (kind in ('transfer', 'passport')),
  number       integer not null,  -- of the owner who made it
  token_sha256 bytea not null constraint owner_links_token unique
               constraint owner_links_token_length check (octet_length(token_sha256) = 32),
  expires_at   timestamptz not null,  -- 1970 once it was used or withdrawn
  constraint owner_links_pkey primary key (item, kind),
  constraint owner_links_owner foreign key (item, number) references owners
);

grant select, insert on owners to chopmark_trace_api;
grant select, insert, update (number, token_sha256, expires_at) on owner_links to chopmark_trace_api;
