-- refusals::insert
insert into refusals (at, source, kind, code, detail, body_sha256, excerpt, count)
values ($1 /* at */, $2 /* source */, $3 /* kind */, $4 /* code */, $5 /* detail */, $6 /* digest */,
        $7 /* excerpt */, $8 /* count */)
